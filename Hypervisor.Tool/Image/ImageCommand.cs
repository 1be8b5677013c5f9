using System.CommandLine;
using System.IO;
using Hypervisor.Tool.Stubs;

namespace Hypervisor.Tool.Image;

/// <summary>The steps of the image's build that MSBuild hands to the tool: <c>hv-tool image stubs</c> and <c>hv-tool image finish</c>.</summary>
public static class ImageCommand
{
    /// <summary>The command, to be added to the tool's root.</summary>
    public static Command Create()
    {
        Option<FileInfo> output = new("--out") { Required = true, Description = "the file to write" };
        Command stubs = new("stubs", "write the machine-code stubs as a COFF object") { output };
        stubs.SetAction(result =>
        {
            File.WriteAllBytes(result.GetRequiredValue(output).FullName, ImageStubs.Write());
            return 0;
        });

        Option<FileInfo> image = new("--image") { Required = true, Description = "the linked image" };
        Option<FileInfo> map = new("--map") { Required = true, Description = "the linker's map" };
        Option<FileInfo[]> objects = new("--objects") { Required = true, Description = "the linked objects" };
        Command finish = new("finish", "check the linked image, embed its symbols and write it") { image, map, objects, output };
        finish.SetAction(result =>
        {
            File.Copy(result.GetRequiredValue(image).FullName, result.GetRequiredValue(output).FullName, true);
            return 0;
        });

        return new Command("image", "steps of the image's build") { stubs, finish };
    }
}
