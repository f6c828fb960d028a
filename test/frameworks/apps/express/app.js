/** An Express application with Passport's login, as its documentation shows it, that notes each look at a password. */
import { appendFileSync } from 'node:fs'
import flash from 'connect-flash'
import express from 'express'
import session from 'express-session'
import methodOverride from 'method-override'
import passport from 'passport'
import { Strategy } from 'passport-local'

const { PORT, CALLS, PASSWORD } = process.env
const users = new Set(['admin', 'ádmin', 'ADMIN', 'mallory'])
const note = (line) => appendFileSync(CALLS, `${JSON.stringify(line)}\n`)

passport.use(
  new Strategy(
    { usernameField: 'email', passReqToCallback: true },
    async (req, email, password, done) => {
      note({ account: email })
      if (password.startsWith('slow')) await new Promise((wake) => setTimeout(wake, 900))
      if (password.startsWith('huge')) req.res.set('X-Trace', 'x'.repeat(200_000))
      if (!users.has(email) || password !== PASSWORD)
        return done(null, false, { message: 'Wrong password' })
      done(null, { email })
    },
  ),
)
passport.serializeUser((user, done) => done(null, user.email))
passport.deserializeUser((email, done) => done(null, { email }))

const app = express()
app.use(express.urlencoded({ extended: true }), express.json())
app.use(methodOverride('_method'))
app.use(methodOverride((req) => req.body?._method))
app.use(
  session({
    secret: 'a secret of the tests',
    resave: false,
    saveUninitialized: false,
    rolling: true,
  }),
)
app.use(flash(), passport.initialize(), passport.session())

const form = (path) =>
  `<form method=post action=${path}><input name=email><input name=password type=password></form>`
app.get('/login', (req, res) => res.send(`${form('/login')}${req.flash('error')}`))
app.get('/signin', (req, res) => res.send(`${form('/signin')}${req.flash('error')}`))
app.get('/account', (req, res) =>
  req.user ? res.send(`Account of ${req.user.email}`) : res.redirect('/login'),
)

// https://www.passportjs.org/tutorials/password/prompt/
app.post(
  '/login',
  passport.authenticate('local', {
    successRedirect: '/account',
    failureRedirect: '/login',
    failureFlash: true,
  }),
)

// A failure goes back to where the client says that it came from, as Express 4's `res.redirect('back')` does; whoever is
// signed in is greeted.
app.post('/signin', (req, res, next) => {
  if (req.user) return res.redirect('/account')
  passport.authenticate('local', (error, user) => {
    if (error) return next(error)
    if (!user) return res.redirect(req.get('Referrer') || '/signin')
    req.login(user, (fault) => (fault ? next(fault) : res.redirect('/account')))
  })(req, res, next)
})

app.post('/api/login', passport.authenticate('local'), (req, res) =>
  res.json({ user: req.user.email }),
)
app.post('/logout', (req, res, next) =>
  req.logout((error) => (error ? next(error) : res.redirect('/'))),
)

app.get('/admin', (_req, res) => res.send('GUARDED PAGE'))
app.get('/admin/users', (_req, res) => res.send('GUARDED PAGE'))
app.delete('/posts/:id', (req, res) => {
  note({ deleted: req.params.id })
  res.send('GONE')
})
app.get('/posts/:id', (_req, res) => res.send('A post'))
app.post('/posts/:id', (_req, res) => res.send('A comment'))

// A connection that is closed just as it is used again would cost a try.
app.listen(Number(PORT), '127.0.0.1').keepAliveTimeout = 60_000
