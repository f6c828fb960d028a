<?php
echo 'GUARDED PAGE';
