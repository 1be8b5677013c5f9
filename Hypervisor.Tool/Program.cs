using System.CommandLine;
using Hypervisor.Tool.Image;

return new RootCommand("hv") { ImageCommand.Create() }.Parse(args).Invoke();
