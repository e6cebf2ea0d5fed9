// restok: image data sets to token tables and back.
using System.Globalization;
using ResTok.Tool;

CultureInfo.CurrentCulture = CultureInfo.InvariantCulture;
return await RestokCommand.Create().Parse(args).InvokeAsync();
