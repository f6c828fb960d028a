# A connection that is closed just as it is used again would cost a try.
persistent_timeout 60
