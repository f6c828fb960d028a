<?php
// Must-use plugin: notes each look at a password.
add_filter('check_password', function ($right, $password, $hash, $id) {
    $user = get_user_by('id', $id);
    file_put_contents(getenv('CALLS'), json_encode(['account' => $user->user_login]) . "\n", FILE_APPEND | LOCK_EX);
    if (str_starts_with($password, 'slow')) usleep(900_000);
    return $right;
}, 10, 4);
// A page for administrators, guarded by nothing but the gateway.
add_action('init', function () {
    if (preg_match('~^/admin(?:[/.?].*)?$~i', $_SERVER['REQUEST_URI'])) exit('GUARDED PAGE');
});
