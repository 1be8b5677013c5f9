using System;
using System.IO;
using Hypervisor.Tool.Commands;
using Hypervisor.Tool.ImageBuild;
using Xunit;

namespace Hypervisor.Tests.Unit.ImageBuild;

/// <summary>The command as MSBuild calls it.</summary>
public sealed class ImageCommandTests : IDisposable
{
    private static readonly byte[] s_code = [0x31, 0xC0, 0xC3];
    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("hv-image");

    private string Output => Path.Combine(_folder.FullName, "out.efi");

    public void Dispose() => _folder.Delete(true);

    [Fact]
    public void A_good_image_is_written_and_a_bad_one_leaves_what_was_there()
    {
        Write(s_code, 12);
        Assert.Equal((ExitCodes.Success, ""), Finish("--root", "Entry"));
        byte[] good = File.ReadAllBytes(Output);
        Assert.Contains(new PeImage("out.efi", good).Sections, s => s.Name == ImageFinisher.SymbolSection);

        (int code, string error) = Finish("--root", "Missing");
        Assert.Equal(ExitCodes.Failure, code);
        Assert.Equal("linked.efi : error : exit path: there is no symbol Missing; the check must begin there", error);
        Assert.Equal(good, File.ReadAllBytes(Output));
        Assert.Equal(4, _folder.GetFiles().Length);
    }

    [Fact]
    public void The_defaults_are_those_of_a_host_for_a_runtime_driver_only()
    {
        Write(s_code, 12);
        Assert.Contains("there is no symbol SvmExitEntry", Finish().Error, StringComparison.Ordinal);
        Assert.False(File.Exists(Output));
        Write(s_code, 10);
        Assert.Contains("the subsystem is 10", Finish("--root", "Entry").Error, StringComparison.Ordinal);
        Assert.Equal((ExitCodes.Success, ""), Finish("--subsystem", "10"));
        Assert.Equal((ExitCodes.Success, ""), Finish("--subsystem", "10", "--optional-root", "Entry", "--optional-root", "Missing"));
    }

    [Fact]
    public void Code_of_another_width_is_named()
    {
        Write([0xB8, 0x00, 0x00, 0x06], 10); // mov ax, 0; push es
        Assert.Equal((ExitCodes.Success, ""), Finish("--subsystem", "10", "--code16", "Entry"));
        Assert.Equal(ExitCodes.Failure, Finish("--subsystem", "10", "--code16", "Other").Code);
    }

    [Fact]
    public void A_missing_file_is_one_sentence()
    {
        (int code, string error) = Finish();
        Assert.Equal(ExitCodes.Failure, code);
        Assert.StartsWith("linked.efi : error : Could not find file", error, StringComparison.Ordinal);
    }

    private void Write(byte[] code, ushort subsystem)
    {
        ImageBytes image = new ImageBytes(code).Symbol("Entry", 0).Set16(ImageBytes.Subsystem, subsystem);
        ObjectBuilder builder = new();
        builder.Symbol("Entry", builder.Section(".text", ObjectBuilder.CodeFlags, code), 0);
        File.WriteAllBytes(Path.Combine(_folder.FullName, "linked.efi"), image.File);
        File.WriteAllText(Path.Combine(_folder.FullName, "linked.map"), image.Map);
        File.WriteAllBytes(Path.Combine(_folder.FullName, "one.obj"), builder.Write());
    }

    private (int Code, string Error) Finish(params string[] options)
    {
        string In(string name) => Path.Combine(_folder.FullName, name);
        TextWriter before = Console.Error;
        using StringWriter error = new();
        Console.SetError(error);
        try
        {
            string[] arguments =
                ["finish", "--image", In("linked.efi"), "--map", In("linked.map"), "--objects", In("one.obj"), "--out", Output, .. options];
            int code = ImageCommand.Create().Parse(arguments).Invoke();
            return (code, error.ToString().Trim());
        }
        finally
        {
            Console.SetError(before);
        }
    }
}
