using System;
using Hypervisor.Control.Commands;
using Hypervisor.Control.Platform;
using Hypervisor.Core.Configuration;

namespace Hypervisor.Control;

/// <summary>The program: the first word says what to do.</summary>
internal static class ControlProgram<TPlatform>
    where TPlatform : struct, IPlatform
{
    private static ReadOnlySpan<byte> Usage =>
        """
        usage: hvctl COMMAND [OPTIONS]

        What the hypervisor tells those who have its secret:
          status                    what runs, since when, with which policies
          log [-f]                  its log; -f goes on with what comes
          exits [--total]           exits of the guest by cause and processor
          mediators                 mediators, their state and counters
          records                   records handed over at boot
            --secret TEXT | --secret-file FILE | environment variable HV_SECRET

        What the firmware does at the next start:
          install [FILE] [--path PATH] [--options TEXT]
                                    load hv.efi before any operating system (Driver####)
          uninstall                 no longer
          status-boot               whether it does
          set-config FILE           the configuration in a firmware variable
          get-config, clear-config  show it, delete it

        Before hv.efi is loaded, in the UEFI Shell:
          add-record GUID TEXT      a record for the hypervisor

        """u8;

    /// <summary>Runs it.</summary>
    public static ExitStatus Run()
    {
        if (!Arguments.TryTake(out ReadOnlySpan<byte> command) || AsciiText.Same(command, "help"u8))
        {
            bool isAsked = !command.IsEmpty || Arguments.Has("--help"u8);
            Output<TPlatform>.Text(Usage);
            Output<TPlatform>.Flush();
            return isAsked ? ExitStatus.Success : ExitStatus.Usage;
        }

        ExitStatus status = Run(command);
        if (status == ExitStatus.Usage && Arguments.TryFindLeft(out ReadOnlySpan<byte> left))
        {
            Complaint<TPlatform>.Say("not understood: "u8, left, "; 'hvctl help' says what is"u8);
        }

        return status;
    }

    /// <summary>What a command ends with that was given an argument it does not know, before it has done anything.</summary>
    internal static bool IsDone(out ExitStatus status)
    {
        bool isDone = !Arguments.TryFindLeft(out _);
        status = isDone ? ExitStatus.Success : ExitStatus.Usage;
        return isDone;
    }

    private static ExitStatus Run(ReadOnlySpan<byte> command)
    {
        if (AsciiText.Same(command, "status"u8))
        {
            return StatusCommand<TPlatform>.Run();
        }

        if (AsciiText.Same(command, "log"u8))
        {
            return LogCommand<TPlatform>.Run();
        }

        if (AsciiText.Same(command, "exits"u8))
        {
            return ExitsCommand<TPlatform>.Run();
        }

        if (AsciiText.Same(command, "mediators"u8))
        {
            return MediatorsCommand<TPlatform>.Run();
        }

        if (AsciiText.Same(command, "records"u8))
        {
            return RecordsCommand<TPlatform>.Run();
        }

        if (AsciiText.Same(command, "add-record"u8))
        {
            return AddRecordCommand<TPlatform>.Run();
        }

        if (AsciiText.Same(command, "install"u8))
        {
            return InstallCommand<TPlatform>.Run();
        }

        if (AsciiText.Same(command, "uninstall"u8))
        {
            return UninstallCommand<TPlatform>.Run();
        }

        if (AsciiText.Same(command, "status-boot"u8))
        {
            return BootStatusCommand<TPlatform>.Run();
        }

        if (AsciiText.Same(command, "set-config"u8))
        {
            return ConfigurationCommands<TPlatform>.Set();
        }

        if (AsciiText.Same(command, "get-config"u8))
        {
            return ConfigurationCommands<TPlatform>.Get();
        }

        if (AsciiText.Same(command, "clear-config"u8))
        {
            return ConfigurationCommands<TPlatform>.Clear();
        }

        Complaint<TPlatform>.Say("there is no command "u8, command, "; 'hvctl help' names them"u8);
        return ExitStatus.Usage;
    }
}
