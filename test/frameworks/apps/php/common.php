<?php
// What the pages share: the session, the accounts in MariaDB, and a note of each look at a password.
session_start();

function accounts(): PDO
{
    $where = 'mysql:unix_socket=' . getenv('MYSQL_SOCKET') . ';dbname=shop;charset=utf8mb4';
    return new PDO($where, 'root', '', [PDO::ATTR_ERRMODE => PDO::ERRMODE_EXCEPTION]);
}

function note(array $line): void
{
    file_put_contents(getenv('CALLS'), json_encode($line) . "\n", FILE_APPEND | LOCK_EX);
}

function is_right(string $email, string $password): ?string
{
    $found = accounts()->prepare('SELECT email, hash FROM accounts WHERE email = ?');
    $found->execute([$email]);
    $row = $found->fetch(PDO::FETCH_ASSOC);
    note(['account' => $row ? $row['email'] : $email]);
    if (str_starts_with($password, 'slow')) usleep(900_000);
    if (str_starts_with($password, 'huge')) header('X-Trace: ' . str_repeat('x', 200_000));
    return $row && password_verify($password, $row['hash']) ? $row['email'] : null;
}
