// Pictures to tokens, tokens to pictures, and pictures that grow while you look, over HTTP. See README.md for the command line.
await Api.Build(args).RunAsync();
