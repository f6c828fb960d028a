module example.com/verifier

go 1.19
