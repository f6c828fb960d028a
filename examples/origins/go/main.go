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
		session, err := gateway.Open(w, r)
		if err != nil {
			w.WriteHeader(http.StatusUnauthorized)
			return
		}
		if err := serveShop(w, r, session); err != nil {
			http.Error(w, err.Error(), http.StatusInternalServerError)
		}
	})))
}

// serveShop shows what a server does with a session.
func serveShop(w http.ResponseWriter, r *http.Request, session *Session) error {
	switch r.Method + " " + r.URL.Path {
	case "POST /login":
		if r.FormValue("password") != "wonderland" {
			return reply(w, http.StatusUnauthorized, map[string]string{"error": "wrong password"})
		}
		err := session.Start(map[string]any{"user": r.FormValue("user")}, "cart", "items")
		return redirect(w, r, "/", err)
	case "POST /cart":
		item := r.FormValue("item")
		err := firstError(session.Set("cart", item), session.Increment("items", 1),
			session.Flash("notice", item+" is in your cart"))
		return redirect(w, r, "/cart", err)
	case "POST /logout":
		return redirect(w, r, "/", firstError(session.End(), session.Flash("notice", "Bye")))
	case "GET /devices":
		return reply(w, http.StatusOK, session.List())
	case "POST /devices":
		if id := r.FormValue("id"); id != "" {
			return redirect(w, r, "/devices", session.EndOther(id))
		}
		return redirect(w, r, "/devices", session.EndAll(true))
	case "GET /cart":
		var claims json.RawMessage
		if session.Assertion != nil {
			claims = session.Assertion.Claims
		}
		return reply(w, http.StatusOK, map[string]any{"claims": claims, "messages": session.Messages()})
	}
	// A page for signed-in users only.
	if session.Assertion == nil {
		return reply(w, http.StatusUnauthorized, struct{}{})
	}
	return reply(w, http.StatusOK, session.Assertion)
}

func reply(w http.ResponseWriter, status int, body any) error {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	return json.NewEncoder(w).Encode(body)
}

func redirect(w http.ResponseWriter, r *http.Request, location string, err error) error {
	if err == nil {
		http.Redirect(w, r, location, http.StatusSeeOther)
	}
	return err
}

func firstError(errs ...error) error {
	for _, err := range errs {
		if err != nil {
			return err
		}
	}
	return nil
}

func env(name, otherwise string) string {
	if value := os.Getenv(name); value != "" {
		return value
	}
	return otherwise
}
