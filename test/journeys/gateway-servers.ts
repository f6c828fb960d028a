/** The servers behind the gateway, each made of the block of docs/origins.md for its language. */
import { cpSync, mkdirSync } from 'node:fs'
import { join } from 'node:path'
import type { Trip } from './support/journey.ts'
import { fill } from './support/pages.ts'
import { type Program, run } from './support/services.ts'

export interface ServerPlace {
  /** Public origin of the gateway. */
  readonly gateway: string
  readonly port: number
  /** Seconds between fetches of the gateway's keys, where the default is too long for a journey. */
  readonly cooldown?: number
}

/** How a server is made of a page. */
export interface ServerRecipe {
  readonly name: string
  /** Whether its journey runs `npm install` as the page says; the others use what is installed above them. */
  readonly installs: boolean
  start(trip: Trip, place: ServerPlace): Promise<Program>
  /** The status for a request that did not come through the gateway and says that it did. */
  askForged(): Promise<number>
}

let places: Record<string, number> = {}

async function askForged(name: string): Promise<number> {
  const headers = { 'portcullis-assertion': 'eyJhbGciOiJub25lIn0.eyJzdWIiOiJhbGljZSJ9.' }
  const response = await fetch(`http://127.0.0.1:${places[name]}/`, { headers })
  return response.status
}

export const expressServer: ServerRecipe = {
  name: 'Express',
  installs: true,
  askForged: () => askForged('Express'),
  async start(trip, { gateway, port, cooldown }) {
    places = { ...places, Express: port }
    const block = trip.page('docs/origins.md').next('ts', "from 'express'").text
    const text = fill(block, {
      "'https://app.example.com'": cooldown
        ? `'${gateway}', cooldown: ${cooldown}`
        : `'${gateway}'`,
      '{ user: request.body.user }':
        "{ user: request.body.user, roles: request.body.user === 'alice' ? ['admin'] : [] }",
    })
    // The rest of a shop: pages of its own, and what the table "The session" lists.
    const rest = `
app.get('/devices', (request, response) => void response.json(request.portcullis.list()))
app.post('/devices', (request, response) => {
  request.portcullis.endOther(request.body.id)
  response.redirect(303, '/devices')
})
app.use((_request, response) => void response.send('a page'))
app.listen(${port}, '127.0.0.1')
`
    trip.write('server/app.ts', text + rest)
    return run(process.execPath, ['app.ts'], { cwd: join(trip.folder, 'server') })
  },
}

export const flaskServer: ServerRecipe = {
  name: 'Flask',
  installs: false,
  askForged: () => askForged('Flask'),
  async start(trip, { gateway, port }) {
    places = { ...places, Flask: port }
    const block = trip.page('docs/origins.md').next('python', '@app.post("/login")').text
    const text = fill(block, {
      'https://app.example.com': gateway,
      '    session.start({"user": request.form["user"]})': `    if request.form["password"] != "wonderland":
        return "Wrong password", 401
    session.start({"user": request.form["user"], "roles": ["admin"] if request.form["user"] == "alice" else []})`,
    })
    mkdirSync(join(trip.folder, 'server'), { recursive: true })
    cpSync('examples/origins/python/portcullis.py', join(trip.folder, 'server/portcullis.py'))
    trip.write(
      'server/app.py',
      `from flask import Flask, jsonify, redirect, request
from portcullis import InvalidAssertion, Portcullis

app = Flask(__name__)
${text}

@app.errorhandler(InvalidAssertion)
def invalid(error):
    return "Not from the gateway", 401

def changed(session, location):
    response = redirect(location, code=303)
    response.headers.update(session.response_headers())
    return response

@app.get("/")
def home():
    session = gateway.open(request.headers)
    return "Hello, " + (session.user or "stranger")

@app.post("/logout")
def logout():
    session = gateway.open(request.headers)
    session.end()
    return changed(session, "/")

@app.get("/devices")
def devices():
    return jsonify(gateway.open(request.headers).list())

@app.post("/devices")
def end_device():
    session = gateway.open(request.headers)
    session.end_other(request.form["id"])
    return changed(session, "/devices")

@app.get("/<path:path>")
def page(path):
    return "a page"

app.run("127.0.0.1", ${port})
`,
    )
    return run('python3', ['app.py'], { cwd: join(trip.folder, 'server') })
  },
}

export const goServer: ServerRecipe = {
  name: "Go's net/http",
  installs: false,
  askForged: () => askForged('Go'),
  async start(trip, { gateway, port }) {
    places = { ...places, Go: port }
    const block = trip.page('docs/origins.md').next('go', 'session.Start').text
    const text = fill(block, {
      '{"user": user}': '{"user": user, "roles": roles(user)}',
      'if err := session.Start': `user := r.FormValue("user")
if r.FormValue("password") != "wonderland" {
	http.Error(w, "Wrong password", http.StatusUnauthorized)
	return
}
if err := session.Start`,
    })
    mkdirSync(join(trip.folder, 'server'), { recursive: true })
    cpSync('examples/origins/go/portcullis.go', join(trip.folder, 'server/portcullis.go'))
    trip.write('server/go.mod', 'module shop\n\ngo 1.19\n')
    trip.write(
      'server/main.go',
      `package main

import (
	"encoding/json"
	"fmt"
	"net/http"
)

func roles(user string) []string {
	if user == "alice" {
		return []string{"admin"}
	}
	return []string{}
}

func main() {
	gateway := &Portcullis{Issuer: "${gateway}", Audience: "app", JWKS: "${gateway}/.portcullis/jwks.json"}
	open := func(w http.ResponseWriter, r *http.Request) *Session {
		session, err := gateway.Open(w, r)
		if err != nil {
			w.WriteHeader(http.StatusUnauthorized)
			return nil
		}
		return session
	}
	http.HandleFunc("/login", func(w http.ResponseWriter, r *http.Request) {
${text}
	})
	http.HandleFunc("/logout", func(w http.ResponseWriter, r *http.Request) {
		if session := open(w, r); session != nil {
			session.End()
			http.Redirect(w, r, "/", http.StatusSeeOther)
		}
	})
	http.HandleFunc("/devices", func(w http.ResponseWriter, r *http.Request) {
		session := open(w, r)
		if session == nil {
			return
		}
		if r.Method == "GET" {
			json.NewEncoder(w).Encode(session.List())
			return
		}
		session.EndOther(r.FormValue("id"))
		http.Redirect(w, r, "/devices", http.StatusSeeOther)
	})
	http.HandleFunc("/", func(w http.ResponseWriter, r *http.Request) {
		session := open(w, r)
		if session == nil {
			return
		}
		user := session.User()
		if user == "" {
			user = "stranger"
		}
		fmt.Fprint(w, "Hello, "+user)
	})
	panic(http.ListenAndServe("127.0.0.1:${port}", nil))
}
`,
    )
    return run('go', ['run', '.'], {
      cwd: join(trip.folder, 'server'),
      env: { GOFLAGS: '-mod=mod', GOPROXY: 'off' },
    })
  },
}
