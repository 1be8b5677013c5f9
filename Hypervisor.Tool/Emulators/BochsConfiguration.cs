using System;
using System.Globalization;
using System.Linq;
using System.Text;
using Hypervisor.Tool.Hosting;
using Hypervisor.Tool.Setup;

namespace Hypervisor.Tool.Emulators;

/// <summary>Writes the two files that Bochs reads: its configuration ("bochsrc") and the commands for its debugger.</summary>
public static class BochsConfiguration
{
    /// <summary>
    /// The commands for the debugger, without which Debian's Bochs would wait for some at its start: to run, and to end when something stops it.
    /// </summary>
    public const string DebuggerCommands = "c\nq\n";

    // OVMF.fd is 2 MiB and ends at 4 GiB.
    private const string FirmwareAddress = "0xffe00000";
    private const char Quote = '"';

    /// <summary>The configuration of a machine.</summary>
    /// <param name="options">The machine.</param>
    /// <param name="folder">Its folder.</param>
    /// <param name="consolePort">The TCP port of this host at which somebody waits for the serial console.</param>
    public static string Build(BochsOptions options, RunFolder folder, int consolePort)
    {
        StringBuilder text = new();
        Line(text, $"cpu: model={options.Processor}, count={options.Processors}, ips={options.InstructionsPerSecond}, reset_on_triple_fault=1");
        Line(text, $"megs: {options.MemoryMiB}");
        Line(text, $"romimage: file={Path(Firmware.BochsImage)}, address={FirmwareAddress}");
        Line(text, $"vgaromimage: file={Path(Firmware.BochsVideo)}");
        Line(text, $"ata0: enabled=1, ioaddr1=0x1f0, ioaddr2=0x3f0, irq=14");
        Line(text, $"ata0-master: type=disk, path={Path(folder.Disk)}, mode=flat");
        Line(text, $"boot: disk");
        // COM1 is the console, COM2 the hypervisor's own log.
        Line(text, $"com1: enabled=1, mode=socket-client, dev=127.0.0.1:{consolePort}");
        Line(text, $"com2: enabled=1, mode=file, dev={Path(folder.HypervisorLog)}");
        // Time is counted in instructions and nothing else, so that runs repeat themselves.
        Line(text, $"clock: sync=none, time0=utc");
        // A screen that nobody has to look at. It takes the first free port of fifty; without a limit of 0 it would wait for a viewer.
        Line(text, $"display_library: rfb, options={Quote}timeout=0{Quote}");
        // Sound on a host without a sound card ends Bochs 2.7 with a buffer overflow.
        Line(text, $"plugin_ctrl: speaker=0, gameport=0, parallel=0");
        Line(text, $"log: -");
        Line(text, $"panic: action=fatal");
        Line(text, $"error: action=report{Quiet(options)}");
        Line(text, $"info: action=report{Quiet(options)}");
        Line(text, $"debug: action=ignore");
        return text.ToString();
    }

    /// <summary>The processors do not report: the kernel reads unknown registers at every tick of its clock.</summary>
    private static string Quiet(BochsOptions options)
    {
        return string.Concat(Enumerable.Range(0, options.Processors).Select(number =>
            string.Create(CultureInfo.InvariantCulture, $", cpu{number}=ignore")));
    }

    private static string Path(string path)
    {
        // Bochs takes quotation marks and commas apart itself and knows no escapes.
        return path.Contains(Quote) || path.Contains(',')
            ? throw new HvException($"Bochs cannot use the path {path}: it contains a quotation mark or a comma.")
            : $"{Quote}{path}{Quote}";
    }

    private static void Line(StringBuilder text, FormattableString line)
    {
        text.Append(line.ToString(CultureInfo.InvariantCulture)).Append('\n');
    }
}
