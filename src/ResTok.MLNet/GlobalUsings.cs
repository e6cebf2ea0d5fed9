global using SharedGenerator = ResTok.MLNet.SharedModel<ResTok.Models.ImageGenerator, ResTok.Models.GeneratorConfig>;
global using SharedTokenizer = ResTok.MLNet.SharedModel<ResTok.Models.ImageTokenizer, ResTok.Models.TokenizerConfig>;
