<?php
// The login of the PHP manual and of most tutorials.
require __DIR__ . '/common.php';
if (isset($_SESSION['user'])) {
    header('Location: /account.php');
    exit;
}
if ($_SERVER['REQUEST_METHOD'] === 'POST' && isset($_POST['email'], $_POST['password'])) {
    $user = is_right($_POST['email'], $_POST['password']);
    if ($user !== null) {
        session_regenerate_id(true);
        $_SESSION['user'] = $user;
        header('Location: /account.php');
        exit;
    }
    $_SESSION['error'] = 'Wrong e-mail or password';
    header('Location: ' . ($_SERVER['HTTP_REFERER'] ?? '/login.php'));
    exit;
}
echo '<form method="post"><input name="email"><input name="password" type="password"></form>';
