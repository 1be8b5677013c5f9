using System;
using System.CommandLine;
using System.IO;
using System.Linq;
using System.Text;
using Hypervisor.Devices.Registration;
using Hypervisor.Tool.Commands;
using Hypervisor.Tool.Hosting;
using Hypervisor.Tool.Stubs;
using Microsoft.Extensions.DependencyInjection;

namespace Hypervisor.Tool.ImageBuild;

/// <summary>
/// The steps of an image's build that MSBuild hands to the tool: <c>hv-tool image stubs</c>, <c>hv-tool image finish</c>, and for hvctl <c>hv-tool image elf</c>.
/// </summary>
public static class ImageCommand
{
    private const string HostProgram = "host";
    private const string ControlProgram = "control";

    private static readonly Option<FileInfo> s_output = new("--out") { Required = true, Description = "the file to write" };
    private static readonly Option<FileInfo> s_image = new("--image") { Required = true, Description = "the linked image" };
    private static readonly Option<FileInfo> s_map = new("--map") { Required = true, Description = "the linker's map" };

    private static readonly Option<string> s_program = new("--program")
    {
        Description = "whose stubs: those of hv.efi (host) or of hvctl (control)",
        DefaultValueFactory = _ => HostProgram,
    };

    private static readonly Option<FileInfo[]> s_objects = new("--objects") { Required = true, Description = "the linked objects" };

    private static readonly Option<string[]> s_roots = new("--root")
    {
        Description = "a symbol whose whole reach must not allocate; by default the host's entries if --subsystem is 12",
    };

    private static readonly Option<string[]> s_optionalRoots = new("--optional-root")
    {
        Description = "like --root, but the symbol may be missing",
    };

    private static readonly Option<string[]> s_code16 = new("--code16")
    {
        Description = "a function of 16-bit code; by default the start-up code of application processors",
    };

    private static readonly Option<ushort> s_subsystem = new("--subsystem")
    {
        Description = "the subsystem the image must have: 10 for an application, 12 for a runtime driver",
        DefaultValueFactory = _ => (ushort)PeSubsystem.EfiRuntimeDriver,
    };

    /// <summary>The command, to be added to the tool's root.</summary>
    public static Command Create()
    {
        Command stubs = new("stubs", "write the machine-code stubs as a COFF object") { s_output, s_program };
        s_program.AcceptOnlyFromAmong(HostProgram, ControlProgram);
        stubs.SetAction(result =>
        {
            byte[] content = result.GetValue(s_program) == ControlProgram ? ControlStubs.Write() : ImageStubs.Write();
            WriteAtomically(result.GetRequiredValue(s_output).FullName, content);
            return ExitCodes.Success;
        });

        Command composition = new("composition", "write the composition of the mediators as C#") { s_output };
        composition.SetAction(result =>
        {
            string text = CompositionWriter.Write(CompositionPlan.From(new ServiceCollection().AddMediators()));
            WriteIfChanged(result.GetRequiredValue(s_output).FullName, text);
            return ExitCodes.Success;
        });

        Command finish = new("finish", "check the linked image, embed its symbols and write it")
        {
            s_image, s_map, s_objects, s_output, s_roots, s_optionalRoots, s_code16, s_subsystem,
        };
        finish.SetAction(Finish);
        Command elf = new("elf", "turn an image linked for a fixed address into a Linux program") { s_image, s_output };
        elf.SetAction(result =>
        {
            FileInfo linked = result.GetRequiredValue(s_image);
            byte[] program = PeToElf.Convert(new PeImage(linked.Name, File.ReadAllBytes(linked.FullName)));
            WriteAtomically(result.GetRequiredValue(s_output).FullName, program);
            return ExitCodes.Success;
        });
        return new Command("image", "steps of the image's build") { Hidden = true, Subcommands = { stubs, composition, finish, elf } };
    }

    private static int Finish(ParseResult arguments)
    {
        FileInfo linked = arguments.GetRequiredValue(s_image);
        FileInfo output = arguments.GetRequiredValue(s_output);
        try
        {
            PeImage image = new(linked.Name, File.ReadAllBytes(linked.FullName));
            FileInfo[] files = arguments.GetRequiredValue(s_objects);
            CoffFile[] objects = [.. files.Select(o => CoffReader.Read(o.Name, File.ReadAllBytes(o.FullName)))];
            string map = File.ReadAllText(arguments.GetRequiredValue(s_map).FullName);
            FinishedImage finished = ImageFinisher.Finish(image, map, objects, Rules(arguments));
            WriteAtomically(output.FullName, finished.File);
            Terminal.Note($"{output.FullName}: {finished.Report}");
            return ExitCodes.Success;
        }
        catch (ImageRefusedException refused)
        {
            // A line each, in the form that MSBuild takes for an error, so that it shows them however quiet it is.
            foreach (string problem in refused.Problems)
            {
                Console.Error.WriteLine($"{linked.Name} : error : {problem}");
            }
        }
        catch (Exception failure) when (failure is HvException or IOException)
        {
            Console.Error.WriteLine($"{linked.Name} : error : {failure.Message}");
        }

        return ExitCodes.Failure;
    }

    private static ImageRules Rules(ParseResult arguments)
    {
        ImageRules rules = new() { Subsystem = (PeSubsystem)arguments.GetValue(s_subsystem) };
        if (arguments.GetResult(s_code16) is { Implicit: false })
        {
            rules = rules with { Code16 = arguments.GetValue(s_code16) ?? [] };
        }

        if (arguments.GetResult(s_roots) is { Implicit: false } || arguments.GetResult(s_optionalRoots) is { Implicit: false })
        {
            return rules with { Roots = arguments.GetValue(s_roots) ?? [], OptionalRoots = arguments.GetValue(s_optionalRoots) ?? [] };
        }

        // A test program is no host: without --root it has no exit path.
        return rules.Subsystem == PeSubsystem.EfiRuntimeDriver ? rules : rules with { Roots = [], OptionalRoots = [] };
    }

    /// <summary>A file that stays as it is keeps its time, and what is made from it.</summary>
    private static void WriteIfChanged(string path, string text)
    {
        if (!File.Exists(path) || File.ReadAllText(path) != text)
        {
            Directory.CreateDirectory(Path.GetDirectoryName(path)!);
            WriteAtomically(path, Encoding.UTF8.GetBytes(text));
        }
    }

    /// <summary>A build that stops half way must not leave half a file that the next build takes for a whole one.</summary>
    private static void WriteAtomically(string path, byte[] content)
    {
        string part = path + ".part";
        File.WriteAllBytes(part, content);
        File.Move(part, path, true);
    }
}
