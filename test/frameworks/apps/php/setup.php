<?php
// Accounts as a shop on MariaDB has them: a collation that takes accents and letter case for the same.
$db = new PDO('mysql:unix_socket=' . getenv('MYSQL_SOCKET') . ';charset=utf8mb4', 'root', '', [
    PDO::ATTR_ERRMODE => PDO::ERRMODE_EXCEPTION,
]);
$db->exec('CREATE DATABASE shop CHARACTER SET utf8mb4 COLLATE utf8mb4_unicode_520_ci');
$db->exec('CREATE DATABASE laravel CHARACTER SET utf8mb4 COLLATE utf8mb4_unicode_ci');
$db->exec('CREATE DATABASE wordpress CHARACTER SET utf8mb4 COLLATE utf8mb4_unicode_520_ci');
$db->exec('CREATE TABLE shop.accounts (email VARCHAR(190) PRIMARY KEY, hash VARCHAR(255))');
$db->exec(
    'CREATE TABLE laravel.users (id BIGINT UNSIGNED AUTO_INCREMENT PRIMARY KEY, email VARCHAR(190) UNIQUE, ' .
    'password VARCHAR(255), remember_token VARCHAR(100) NULL, created_at TIMESTAMP NULL, updated_at TIMESTAMP NULL)'
);
$hash = password_hash(getenv('PASSWORD'), PASSWORD_BCRYPT, ['cost' => 4]);
foreach (['admin@strasse.example', 'mallory@example.com'] as $email) {
    $db->prepare('INSERT INTO shop.accounts VALUES (?, ?)')->execute([$email, $hash]);
    $db->prepare('INSERT INTO laravel.users (email, password) VALUES (?, ?)')->execute([$email, $hash]);
}
