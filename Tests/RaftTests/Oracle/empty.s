// An assembly file, if empty, lets Go take functions without a body (the linked one in inside.go).
