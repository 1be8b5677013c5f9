using System;
using System.CommandLine;
using System.IO;
using Hypervisor.Tool.Emulators;
using Hypervisor.Tool.Hosting;
using Hypervisor.Tool.Setup;

namespace Hypervisor.Tool.Commands;

/// <summary>hv probe: runs the probe, an EFI program of checks, and shows what it says.</summary>
public sealed class ProbeCommand
{
    private readonly Workspace _workspace;
    private readonly Option<bool> _bare = new("--bare") { Description = "Without the hypervisor" };
    private readonly Option<FileInfo?> _image = new("--efi") { Description = "Load this image instead of artifacts/hv.efi" };
    private readonly Option<FileInfo?> _configuration = new("--config") { Description = "The hypervisor's configuration, 'hv.cfg' on the guest's disk" };
    private readonly MachineArguments _machine = new();
    private readonly Option<string> _arguments = new("--args")
    {
        Description = "Load options of the probe instead of the checks: 'stress ROUNDS SEED' for random exits, 'hostile ROUNDS SEED' for a guest that means harm",
        DefaultValueFactory = _ => string.Empty,
    };

    private ProbeCommand(Workspace workspace)
    {
        _workspace = workspace;
    }

    /// <summary>Describes the command.</summary>
    public static Command Create(Workspace workspace)
    {
        ProbeCommand probe = new(workspace);
        Command command = new("probe", "Run the EFI program of checks, bare or on the hypervisor, and show its results")
        {
            probe._bare, probe._image, probe._configuration, probe._arguments,
        };
        probe._machine.AddTo(command);
        command.SetAction(probe.Execute);
        return command;
    }

    private int Execute(ParseResult arguments)
    {
        HostTools.EnsureInstalled(_machine.Emulator(arguments));
        HypervisorBuild.EnsureGuestPrograms(_workspace);
        bool bare = arguments.GetValue(_bare);
        string hypervisor = arguments.GetValue(_image)?.FullName ?? _workspace.HypervisorImage;
        ProbeRun run = new(_workspace)
        {
            Machine = _machine.Describe(arguments, attended: false),
            Hypervisor = bare ? null : hypervisor,
            Arguments = arguments.GetRequiredValue(_arguments),
            Configuration = arguments.GetValue(_configuration) is FileInfo file ? File.ReadAllText(file.FullName) : null,
        };
        foreach (string line in run.Execute(bare ? "probe-bare" : "probe"))
        {
            Console.WriteLine(line);
        }

        return ExitCodes.Success;
    }
}
