// Images to tokens, tokens to images, and images that grow while you look, over HTTP. See README.md for the command line.
await Api.Build(args).RunAsync();
