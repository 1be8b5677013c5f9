using System.Collections.Generic;
using System.Globalization;
using Hypervisor.Tool.Setup;

namespace Hypervisor.Tool.Emulators;

/// <summary>Writes QEMU's arguments.</summary>
public static class QemuCommandLine
{
    /// <summary>The arguments for a machine.</summary>
    public static IReadOnlyList<string> Build(QemuOptions options, RunFolder folder)
    {
        List<string> arguments =
        [
            // The machine is what stands here and nothing else: no network card to boot from, no screen, no user's settings.
            "-no-user-config", "-nodefaults", "-display", "none",
            "-machine", "q35", "-accel", "tcg",
            "-cpu", options.Processor, "-smp", Number(options.Processors), "-m", Number(options.MemoryMiB),
            "-drive", $"if=pflash,unit=0,format=raw,readonly=on,file={Escape(Firmware.Code)}",
            "-drive", $"if=pflash,unit=1,format=raw,file={Escape(folder.Variables)}",
            "-drive", $"if=ide,index=0,format=raw,file={Escape(folder.Disk)}",
            // COM1 is the console, COM2 the hypervisor's own log.
            "-chardev", ConsoleDevice(options, folder), "-serial", "chardev:console",
            "-chardev", $"file,id=log,path={Escape(folder.HypervisorLog)}", "-serial", "chardev:log",
            "-chardev", $"socket,id=monitor,path={folder.MonitorSocket},abstract=on,server=on,wait=off",
            "-mon", "chardev=monitor,mode=control",
        ];
        if (options.Interactive)
        {
            arguments.AddRange("-mon", "chardev=console,mode=readline");
        }

        if (options.InstructionCounting)
        {
            arguments.AddRange("-icount", "shift=0,sleep=off");
        }

        if (!options.AllowReset)
        {
            arguments.Add("-no-reboot");
        }

        if (options.DebuggerPort is int port)
        {
            arguments.AddRange("-gdb", $"tcp:127.0.0.1:{Number(port)}", "-S");
        }

        for (int i = 0; i < options.Drives.Count; i++)
        {
            SataDrive drive = options.Drives[i];
            string name = $"sata{Number(i + 1)}";
            string media = drive.IsOptical ? ",media=cdrom,readonly=on" : string.Empty;
            arguments.AddRange("-drive", $"if=none,id={name},format=raw,file={Escape(drive.File)}{media}");
            arguments.AddRange("-device", $"{(drive.IsOptical ? "ide-cd" : "ide-hd")},id={name}-drive,bus=ide.{Number(i + 1)},drive={name},serial={Escape(drive.Serial)}");
        }

        arguments.AddRange(options.ExtraArguments);
        return arguments;
    }

    private static string ConsoleDevice(QemuOptions options, RunFolder folder)
    {
        // "signal=off" hands Ctrl-C to the guest; "mux=on" shares the terminal with QEMU's monitor (Ctrl-A C).
        string multiplexed = options.Interactive ? ",mux=on" : string.Empty;
        return $"stdio,id=console,signal=off{multiplexed},logfile={Escape(folder.SerialLog)}";
    }

    private static string Escape(string value)
    {
        // QEMU splits options at commas; a doubled one stands for itself.
        return value.Replace(",", ",,");
    }

    private static string Number(int value)
    {
        return value.ToString(CultureInfo.InvariantCulture);
    }

    private static void AddRange(this List<string> list, params IEnumerable<string> values)
    {
        list.InsertRange(list.Count, values);
    }
}
