<?php
// A Laravel application in one file: the framework's own kernel, middleware and session guard, and the login of its manual.
require 'Illuminate/autoload.php';

use Illuminate\Auth\EloquentUserProvider;
use Illuminate\Contracts\Auth\Authenticatable;
use Illuminate\Contracts\Http\Kernel as HttpKernel;
use Illuminate\Foundation\Application;
use Illuminate\Foundation\Exceptions\Handler;
use Illuminate\Foundation\Http\Kernel;
use Illuminate\Http\Request;
use Illuminate\Support\Facades\Auth;
use Illuminate\Support\Facades\Route;

function note(array $line): void
{
    file_put_contents(getenv('CALLS'), json_encode($line) . "\n", FILE_APPEND | LOCK_EX);
}

class User extends Illuminate\Foundation\Auth\User
{
    protected $table = 'users';
}

/** The provider that ships with Laravel, with a note of each look at a password. */
class CountingProvider extends EloquentUserProvider
{
    public function validateCredentials(Authenticatable $user, array $credentials)
    {
        note(['account' => $user->email]);
        if (str_starts_with($credentials['password'], 'slow')) usleep(900_000);
        if (str_starts_with($credentials['password'], 'huge')) header('X-Trace: ' . str_repeat('x', 200_000));
        return parent::validateCredentials($user, $credentials);
    }
}

class ShopKernel extends Kernel
{
    protected $middleware = [
        Illuminate\Foundation\Http\Middleware\ValidatePostSize::class,
        Illuminate\Foundation\Http\Middleware\TrimStrings::class,
        Illuminate\Foundation\Http\Middleware\ConvertEmptyStringsToNull::class,
    ];
    protected $middlewareGroups = [
        'web' => [
            Illuminate\Cookie\Middleware\EncryptCookies::class,
            Illuminate\Cookie\Middleware\AddQueuedCookiesToResponse::class,
            Illuminate\Session\Middleware\StartSession::class,
            Illuminate\View\Middleware\ShareErrorsFromSession::class,
            Illuminate\Foundation\Http\Middleware\VerifyCsrfToken::class,
            Illuminate\Routing\Middleware\SubstituteBindings::class,
        ],
    ];
    protected $routeMiddleware = ['guest' => RedirectIfAuthenticated::class];
}

/** As laravel/laravel 8 has it. */
class RedirectIfAuthenticated
{
    public function handle(Request $request, Closure $next)
    {
        return Auth::check() ? redirect('/dashboard') : $next($request);
    }
}

$data = getenv('DATA');
$app = new Application(dirname(__DIR__));
$app->useStoragePath("$data/storage");
foreach (['framework/sessions', 'framework/views', 'framework/cache', 'logs'] as $folder) {
    @mkdir("$data/storage/$folder", 0700, true);
}
$app->singleton(HttpKernel::class, ShopKernel::class);
$app->singleton(Illuminate\Contracts\Debug\ExceptionHandler::class, Handler::class);
$app->instance(Illuminate\Foundation\PackageManifest::class, new class(
    new Illuminate\Filesystem\Filesystem(), $data, "$data/packages.php"
) extends Illuminate\Foundation\PackageManifest {
    protected function getManifest()
    {
        return [];
    }
});
// Config is in config/*.php, which Laravel reads itself.
foreach (['APP_CONFIG_CACHE' => 'config', 'APP_SERVICES_CACHE' => 'services', 'APP_ROUTES_CACHE' => 'routes'] as $name => $file) {
    $_ENV[$name] = $_SERVER[$name] = "$data/$file.php";
}

$app->booted(function () {
    Auth::provider('counting', fn ($app, array $config) => new CountingProvider($app['hash'], $config['model']));
    Route::middleware('web')->group(function () {
        Route::get('/login', fn () => '<form method=post><input name=_token value="' . csrf_token() . '"></form>')
            ->middleware('guest')->name('login');

        // https://laravel.com/docs/8.x/authentication#authenticating-users
        Route::post('/login', function (Request $request) {
            $credentials = $request->validate(['email' => ['required', 'email'], 'password' => ['required']]);
            if (Auth::attempt($credentials)) {
                $request->session()->regenerate();
                return redirect()->intended('dashboard');
            }
            return back()->withErrors(['email' => 'The provided credentials do not match our records.']);
        })->middleware('guest');

        Route::get('/dashboard', fn () => 'Dashboard of ' . optional(Auth::user())->email);
        Route::get('/admin', fn () => 'GUARDED PAGE');
        Route::get('/admin/users', fn () => 'GUARDED PAGE');
    });
    Route::get('/posts/{id}', fn () => 'A post');
    Route::post('/posts/{id}', fn () => 'A post');
    Route::delete('/posts/{id}', function ($id) {
        note(['deleted' => $id]);
        return 'GONE';
    });
});

$kernel = $app->make(HttpKernel::class);
$response = $kernel->handle($request = Request::capture());
$response->send();
$kernel->terminate($request, $response);
