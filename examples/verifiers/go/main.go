// A server for people whom the gateway knows.
package main

import (
	"encoding/json"
	"fmt"
	"net"
	"net/http"
	"os"
	"time"
)

func main() {
	issuer := env("ISSUER", "http://localhost:8787")
	cooldown, err := time.ParseDuration(env("COOLDOWN", "30") + "s")
	if err != nil {
		panic(err)
	}
	gateway := &Portcullis{
		Issuer:   issuer,
		Audience: env("AUDIENCE", "app"),
		JWKS:     env("JWKS", issuer+"/.portcullis/jwks.json"),
		Cooldown: cooldown,
	}
	listener, err := net.Listen("tcp", "127.0.0.1:"+env("PORT", "8788"))
	if err != nil {
		panic(err)
	}
	fmt.Println("listening on", listener.Addr().(*net.TCPAddr).Port)
	panic(http.Serve(listener, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		who, err := gateway.Verify(r.Header.Get("Portcullis-Assertion"))
		if err != nil {
			w.WriteHeader(http.StatusUnauthorized)
			return
		}
		w.Header().Set("Content-Type", "application/json")
		_ = json.NewEncoder(w).Encode(who)
	})))
}

func env(name, otherwise string) string {
	if value := os.Getenv(name); value != "" {
		return value
	}
	return otherwise
}
