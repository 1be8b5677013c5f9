using System;
using System.CommandLine;
using System.IO;
using Hypervisor.Tool.Emulators;
using Hypervisor.Tool.Hosting;
using Hypervisor.Tool.Setup;

namespace Hypervisor.Tool.Commands;

/// <summary>hv run: boots Linux on the hypervisor, or bare, in an emulated machine.</summary>
public sealed class RunCommand
{
    private readonly Workspace _workspace;
    private readonly MachineArguments _machine = new();
    private readonly Option<bool> _bare = new("--bare")
    {
        Description = "The same machine, kernel and disk without the hypervisor",
    };

    private readonly Option<bool> _shell = new("--shell")
    {
        Description = "Stop at the prompt of the UEFI Shell, with hv.efi and Linux on the disk",
    };

    private readonly Option<FileInfo?> _image = new("--efi")
    {
        Description = "Load this image instead of building hv.efi",
    };

    private readonly Option<FileInfo?> _configuration = new("--config")
    {
        Description = "Put this file beside hv.efi as hv.cfg (default: serial = com2, status = on, and a secret that the guest's shell knows)",
    };

    private readonly Option<string?> _command = new("--cmd")
    {
        Description = "Run these shell commands in the guest, then power off; hv ends with their exit status",
    };

    private readonly Option<string> _kernelArguments = new("--append")
    {
        Description = "Further kernel arguments",
        DefaultValueFactory = _ => string.Empty,
    };

    private readonly Option<KernelFlavor> _kernel = CommonOptions.Kernel();
    private readonly Option<bool> _keep = new("--keep")
    {
        Description = "Keep the disk and the firmware variables of the run beside its logs",
    };

    private RunCommand(Workspace workspace)
    {
        _workspace = workspace;
    }

    /// <summary>Describes the command.</summary>
    public static Command Create(Workspace workspace)
    {
        RunCommand run = new(workspace);
        Command command = new("run", "Boot Linux on the hypervisor to a prompt in this terminal (QEMU with AMD-V, Bochs with VT-x)")
        {
            run._bare, run._shell, run._image, run._configuration, run._command, run._kernelArguments, run._kernel, run._keep,
        };
        run._machine.AddTo(command);
        run.Validate(command);
        command.SetAction(run.Execute);
        return command;
    }

    private static string ReadConfiguration(FileInfo? file)
    {
        if (file is null)
        {
            return LinuxBootOptions.DefaultConfiguration;
        }

        return file.Exists ? File.ReadAllText(file.FullName) : throw new HvException($"The configuration {file.FullName} does not exist.");
    }

    private void Validate(Command command)
    {
        command.Validators.Add(result =>
        {
            if (result.GetValue(_shell) && result.GetValue(_command) is not null)
            {
                result.AddError("--shell stops before Linux, so there is nothing that could run --cmd.");
            }

            if (result.GetValue(_bare) && result.GetValue(_image) is not null)
            {
                result.AddError("--bare loads no image, so --efi has no meaning with it.");
            }
        });
    }

    private int Execute(ParseResult arguments)
    {
        HostTools.EnsureInstalled(_machine.Emulator(arguments));
        LinuxBootOptions options = Describe(arguments);
        HypervisorBuild.EnsureBootPrograms(_workspace);
        GuestParts parts = GuestParts.Get(_workspace, Kernel(arguments));
        using Machine machine = new LinuxBoot(_workspace, parts).Prepare(options);
        int exitCode;
        try
        {
            machine.Start();
            exitCode = options.Command is null ? GuestSession.Attend(machine) : GuestSession.RunCommand(machine, options.Machine.TimeLimit);
        }
        finally
        {
            machine.Stop();
            if (!arguments.GetValue(_keep))
            {
                machine.Folder.DeleteState();
            }
        }

        Terminal.Note($"The logs are in {machine.Folder.Path}");
        return exitCode;
    }

    private LinuxBootOptions Describe(ParseResult arguments)
    {
        string? command = arguments.GetValue(_command);
        return new LinuxBootOptions
        {
            Name = arguments.GetValue(_bare) ? "run-bare" : "run",
            Hypervisor = FindHypervisor(arguments),
            Configuration = ReadConfiguration(arguments.GetValue(_configuration)),
            StopInShell = arguments.GetValue(_shell),
            Command = command,
            KernelArguments = arguments.GetValue(_kernelArguments) ?? string.Empty,
            Machine = _machine.Describe(arguments, attended: command is null) with { Echo = Console.Out },
        };
    }

    /// <summary>The kernel for virtual machines has no driver for AHCI.</summary>
    private KernelFlavor Kernel(ParseResult arguments) =>
        arguments.GetResult(_kernel) is { Implicit: false } || !_machine.HasDrives(arguments) ? arguments.GetValue(_kernel) : KernelFlavor.Generic;

    private string? FindHypervisor(ParseResult arguments)
    {
        if (arguments.GetValue(_bare))
        {
            return null;
        }

        if (arguments.GetValue(_image) is FileInfo image)
        {
            return image.FullName;
        }

        HypervisorBuild.Run(_workspace);
        return _workspace.HypervisorImage;
    }
}
