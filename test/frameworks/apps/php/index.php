<?php
echo 'Home';
