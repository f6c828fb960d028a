// Package main shows a server behind the gateway; copy portcullis.go into a package of your own.
package main

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"math/big"
	"net/http"
	"strings"
	"sync"
	"time"
)

// maxPayloadLength is how many characters of base64url the gateway accepts.
const maxPayloadLength = 2048

// keysMaxAge is how long fetched keys are used.
const keysMaxAge = 5 * time.Minute

// clockToleranceSeconds is by how much two clocks may differ.
const clockToleranceSeconds = 5

// ErrInvalidAssertion says that an assertion is not the gateway's, not for this server, or expired. Answer 401.
var ErrInvalidAssertion = errors.New("the assertion is not valid")

// ErrSession says that the session cannot be changed as asked.
var ErrSession = errors.New("the session cannot be changed")

// Portcullis verifies who is asking. Issuer is the gateway's public origin, Audience what its configuration calls this
// server, JWKS where its keys are (/.portcullis/jwks.json of the issuer), Cooldown the time from one fetch of the keys to
// the next for a key id that is not among them (30 s).
type Portcullis struct {
	Issuer, Audience, JWKS string
	Cooldown               time.Duration
	mutex                  sync.Mutex
	keys                   map[string]*ecdsa.PublicKey
	fetched                time.Time
}

// Claims of an assertion.
type Claims struct {
	Issuer   string          `json:"iss"`
	Audience string          `json:"aud"`
	Subject  string          `json:"sub"`
	Session  string          `json:"sid"`
	AuthTime int64           `json:"auth_time,omitempty"`
	Version  string          `json:"ver,omitempty"`
	Expires  int64           `json:"exp"`
	Claims   json.RawMessage `json:"claims,omitempty"`
}

// SessionSummary is one session of the user. Times are milliseconds since the epoch.
type SessionSummary struct {
	ID        string `json:"id"`
	CreatedAt int64  `json:"createdAt"`
	SeenAt    int64  `json:"seenAt"`
	ExpiresAt int64  `json:"expiresAt"`
	Current   bool   `json:"current"`
	// Client is nil where the gateway's sessions lack the option clientInfo.
	Client *SessionClient `json:"client,omitempty"`
}

// SessionClient is what a session was last seen with. A member that is not known is empty.
type SessionClient struct {
	Browser    string `json:"browser,omitempty"`
	System     string `json:"system,omitempty"`
	DeviceKind string `json:"deviceKind,omitempty"`
	Country    string `json:"country,omitempty"`
	Network    string `json:"network,omitempty"`
	Since      int64  `json:"since"`
}

// Session is the session of one request. Changes become one header of the response; make them before the body is written.
// A route grants what it may ask for (sessions: ['start', 'set', ...]); the gateway ignores the rest.
type Session struct {
	// Assertion is nil where the request has no session.
	Assertion *Claims
	request   *http.Request
	response  http.ResponseWriter
	verb      map[string]any
	set       map[string]any
	unset     []string
	increment map[string]int64
	flash     map[string]any
	version   string
}

var client = http.Client{Timeout: 5 * time.Second}

// Open returns the session of a request; ErrInvalidAssertion for a forged assertion.
func (p *Portcullis) Open(w http.ResponseWriter, r *http.Request) (*Session, error) {
	session := &Session{request: r, response: w}
	token := r.Header.Get("Portcullis-Assertion")
	if token == "" {
		return session, nil
	}
	claims, err := p.Verify(token)
	if err != nil {
		return nil, err
	}
	session.Assertion = claims
	return session, nil
}

// Verify returns the claims of an assertion, or ErrInvalidAssertion.
func (p *Portcullis) Verify(token string) (*Claims, error) {
	parts := strings.Split(token, ".")
	var header struct {
		Alg, Kid string
		Crit     []string
	}
	if len(parts) != 3 || decodeJSON(parts[0], &header) != nil || header.Alg != "ES256" || header.Crit != nil {
		return nil, ErrInvalidAssertion
	}
	key, signature := p.findKey(header.Kid), decodeBytes(parts[2])
	digest := sha256.Sum256([]byte(parts[0] + "." + parts[1]))
	if key == nil || len(signature) != 64 ||
		!ecdsa.Verify(key, digest[:], new(big.Int).SetBytes(signature[:32]), new(big.Int).SetBytes(signature[32:])) {
		return nil, ErrInvalidAssertion
	}
	var claims Claims
	if decodeJSON(parts[1], &claims) != nil || claims.Issuer != p.Issuer || claims.Audience != p.Audience ||
		claims.Expires+clockToleranceSeconds < time.Now().Unix() {
		return nil, ErrInvalidAssertion
	}
	return &claims, nil
}

// User is the signed-in user, or "" for a visitor.
func (s *Session) User() string {
	if s.Assertion == nil {
		return ""
	}
	return s.Assertion.Subject
}

// Messages are what an earlier response left with Flash. Show them, and decide nothing by them.
func (s *Session) Messages() map[string]any {
	messages := map[string]any{}
	_ = decodeJSON(s.request.Header.Get("Portcullis-Flash"), &messages)
	return messages
}

// List returns the user's sessions, the newest first; nil where nobody is signed in or the route does not grant list.
func (s *Session) List() []SessionSummary {
	var list []SessionSummary
	_ = decodeJSON(s.request.Header.Get("Portcullis-Sessions"), &list)
	return list
}

// Start starts a session for a user who has just signed in; keep names members of the visitor's session that move along.
func (s *Session) Start(data map[string]any, keep ...string) error {
	start := map[string]any{"data": data}
	if len(keep) > 0 {
		start["keep"] = keep
	}
	return s.choose(map[string]any{"start": start})
}

// Set sets a member of the session's data.
func (s *Session) Set(name string, value any) error {
	return s.change(func() {
		if s.set == nil {
			s.set = map[string]any{}
		}
		s.set[name] = value
	})
}

// Unset removes members of the session's data.
func (s *Session) Unset(names ...string) error {
	return s.change(func() { s.unset = append(s.unset, names...) })
}

// Increment adds to a member that is a number; two requests at once lose nothing.
func (s *Session) Increment(name string, amount int64) error {
	return s.change(func() {
		if s.increment == nil {
			s.increment = map[string]int64{}
		}
		s.increment[name] += amount
	})
}

// OnlyIfVersion applies the changes only if the session still has this version; otherwise the client gets 409.
func (s *Session) OnlyIfVersion(version string) error {
	return s.change(func() { s.version = version })
}

// Flash leaves a message for the next page, which gets it once.
func (s *Session) Flash(name string, value any) error {
	if s.flash == nil {
		s.flash = map[string]any{}
	}
	s.flash[name] = value
	return s.write()
}

// End signs out.
func (s *Session) End() error { return s.choose(map[string]any{"end": true}) }

// EndOther ends one session of the same user, by its ID in List.
func (s *Session) EndOther(id string) error {
	return s.choose(map[string]any{"end": map[string]any{"id": id}})
}

// EndAll ends every session of the user, or all but this one.
func (s *Session) EndAll(exceptCurrent bool) error {
	if exceptCurrent {
		return s.choose(map[string]any{"endAll": map[string]any{"exceptCurrent": true}})
	}
	return s.choose(map[string]any{"endAll": true})
}

// EndUser ends every session of another user: for administrators only.
func (s *Session) EndUser(user string) error {
	return s.choose(map[string]any{"endAll": map[string]any{"user": user}})
}

func (s *Session) choose(verb map[string]any) error {
	if s.verb != nil || s.hasChanges() {
		return fmt.Errorf("%w: one response can carry one of Start, End and EndAll, and no other change", ErrSession)
	}
	s.verb = verb
	return s.write()
}

func (s *Session) change(apply func()) error {
	if s.verb != nil {
		return fmt.Errorf("%w: one response can carry one of Start, End and EndAll, and no other change", ErrSession)
	}
	apply()
	return s.write()
}

func (s *Session) hasChanges() bool {
	return len(s.set) > 0 || len(s.unset) > 0 || len(s.increment) > 0 || s.version != ""
}

func (s *Session) write() error {
	nonce := s.request.Header.Get("Portcullis-Session-Nonce")
	if nonce == "" {
		return fmt.Errorf("%w: the request did not come through the gateway, or the upstream lacks sessions: true", ErrSession)
	}
	command := map[string]any{}
	for name, value := range s.verb {
		command[name] = value
	}
	if len(s.set) > 0 {
		command["set"] = s.set
	}
	if len(s.unset) > 0 {
		command["unset"] = s.unset
	}
	if len(s.increment) > 0 {
		command["incr"] = s.increment
	}
	if s.version != "" {
		command["ifVersion"] = s.version
	}
	if len(s.flash) > 0 {
		command["flash"] = s.flash
	}
	text, err := json.Marshal(command)
	if err != nil {
		return fmt.Errorf("%w: %v", ErrSession, err)
	}
	payload := base64.RawURLEncoding.EncodeToString(text)
	if len(payload) > maxPayloadLength {
		return fmt.Errorf("%w: %d characters of %d; keep large data in a database", ErrSession, len(payload), maxPayloadLength)
	}
	s.response.Header().Set("Portcullis-Session", nonce+"."+payload)
	return nil
}

// findKey fetches keys every 5 minutes, and for an unknown id at most once per Cooldown.
func (p *Portcullis) findKey(kid string) *ecdsa.PublicKey {
	p.mutex.Lock()
	defer p.mutex.Unlock()
	age := time.Since(p.fetched)
	if age < p.Cooldown || (p.keys[kid] != nil && age < keysMaxAge) {
		return p.keys[kid]
	}
	p.fetched = time.Now()
	response, err := client.Get(p.JWKS)
	if err != nil {
		return nil
	}
	defer response.Body.Close()
	var set struct {
		Keys []struct{ Kid, Crv, X, Y string }
	}
	if response.StatusCode != http.StatusOK || json.NewDecoder(response.Body).Decode(&set) != nil {
		return nil
	}
	p.keys = map[string]*ecdsa.PublicKey{}
	for _, key := range set.Keys {
		x, y := decodeInt(key.X), decodeInt(key.Y)
		if key.Crv == "P-256" && elliptic.P256().IsOnCurve(x, y) {
			p.keys[key.Kid] = &ecdsa.PublicKey{Curve: elliptic.P256(), X: x, Y: y}
		}
	}
	return p.keys[kid]
}

func decodeBytes(text string) []byte {
	raw, _ := base64.RawURLEncoding.DecodeString(text)
	return raw
}

func decodeInt(text string) *big.Int { return new(big.Int).SetBytes(decodeBytes(text)) }

func decodeJSON(text string, into any) error { return json.Unmarshal(decodeBytes(text), into) }
