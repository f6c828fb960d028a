package main

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"math/big"
	"net/http"
	"strings"
	"sync"
	"time"
)

// Portcullis verifies who the gateway says is asking. Issuer is its public origin, Audience what its configuration calls
// this server, Cooldown how long a kid that is not among the keys is not looked for again (30 s).
type Portcullis struct {
	Issuer, Audience, JWKS string
	Cooldown               time.Duration
	mutex                  sync.Mutex
	keys                   map[string]*ecdsa.PublicKey
	fetched                time.Time
}

type Claims struct {
	Issuer   string          `json:"iss"`
	Audience string          `json:"aud"`
	Subject  string          `json:"sub"`
	Session  string          `json:"sid"`
	Expires  int64           `json:"exp"`
	Claims   json.RawMessage `json:"claims,omitempty"`
}

var client = http.Client{Timeout: 5 * time.Second}

// Keys are fetched every 5 minutes, and for a kid that is not among them at most once per Cooldown.
func (p *Portcullis) key(kid string) *ecdsa.PublicKey {
	p.mutex.Lock()
	defer p.mutex.Unlock()
	age := time.Since(p.fetched)
	if age < p.Cooldown || (p.keys[kid] != nil && age < 5*time.Minute) {
		return p.keys[kid]
	}
	p.fetched = time.Now()
	answer, err := client.Get(p.JWKS)
	if err != nil {
		return nil
	}
	defer answer.Body.Close()
	var set struct {
		Keys []struct{ Kid, Crv, X, Y string }
	}
	if answer.StatusCode != 200 || json.NewDecoder(answer.Body).Decode(&set) != nil {
		return nil
	}
	p.keys = map[string]*ecdsa.PublicKey{}
	for _, key := range set.Keys {
		x, y := number(key.X), number(key.Y)
		if key.Crv == "P-256" && elliptic.P256().IsOnCurve(x, y) {
			p.keys[key.Kid] = &ecdsa.PublicKey{Curve: elliptic.P256(), X: x, Y: y}
		}
	}
	return p.keys[kid]
}

// Verify returns the claims, or an error for a token that is not the gateway's, not for us, or over.
func (p *Portcullis) Verify(token string) (*Claims, error) {
	parts := strings.Split(token, ".")
	var header struct {
		Alg, Kid string
		Crit     []string
	}
	if len(parts) != 3 || decode(parts[0], &header) != nil || header.Alg != "ES256" || header.Crit != nil {
		return nil, errors.New("not an assertion")
	}
	key, signature := p.key(header.Kid), bytes(parts[2])
	digest := sha256.Sum256([]byte(parts[0] + "." + parts[1]))
	if key == nil || len(signature) != 64 ||
		!ecdsa.Verify(key, digest[:], new(big.Int).SetBytes(signature[:32]), new(big.Int).SetBytes(signature[32:])) {
		return nil, errors.New("not the gateway's")
	}
	var claims Claims
	if decode(parts[1], &claims) != nil || claims.Issuer != p.Issuer || claims.Audience != p.Audience ||
		claims.Expires+5 < time.Now().Unix() {
		return nil, errors.New("not for us, or over")
	}
	return &claims, nil
}

func bytes(text string) []byte {
	raw, _ := base64.RawURLEncoding.DecodeString(text)
	return raw
}

func number(text string) *big.Int { return new(big.Int).SetBytes(bytes(text)) }

func decode(text string, into any) error { return json.Unmarshal(bytes(text), into) }
