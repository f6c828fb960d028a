<?php
require __DIR__ . '/common.php';
echo isset($_SESSION['user']) ? 'Account of ' . htmlspecialchars($_SESSION['user']) : 'Nobody';
