using System.Diagnostics;
using System.IO;
using Hypervisor.Tool.Hosting;
using Hypervisor.Tool.Setup;

namespace Hypervisor.Tool.Emulators;

/// <summary>A machine of VMware Workstation, driven by vmrun. Its console can be read, not typed at: VMware writes it to a file.</summary>
public sealed class VmwareMachine : Machine
{
    // vmrun returns as soon as the machine is on; the process that stands for it here lasts until it is off.
    private const string Script = """
        "$1" -T ws start "$2" nogui || exit 1
        while "$1" -T ws list | grep -qxF "$2"; do sleep 1; done
        """;

    private readonly VmwareOptions _options;

    /// <summary>Creates the machine; its disk must be in the folder when it starts.</summary>
    public VmwareMachine(VmwareOptions options, RunFolder folder)
        : base(options, folder)
    {
        _options = options;
    }

    /// <inheritdoc/>
    protected override ProcessStartInfo Describe()
    {
        string program = HostProcess.Find(HostTools.Vmrun) ?? throw new HvException(HostTools.NoVmware);
        File.WriteAllText(Folder.VmwareMachine, VmwareConfiguration.BuildMachine(_options, Folder));
        File.WriteAllText(Folder.VmwareDisk, VmwareConfiguration.BuildDisk(Folder.Disk, new FileInfo(Folder.Disk).Length));
        // VMware asks before it writes to a file that is there, and appends to none.
        File.Delete(Folder.SerialLog);
        File.Delete(Folder.HypervisorLog);
        return new ProcessStartInfo("sh", ["-c", Script, "sh", program, Folder.VmwareMachine])
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
        };
    }

    /// <inheritdoc/>
    protected override SerialConsole? OpenConsole(Process process)
    {
        Stream console = new GrowingFile(Folder.SerialLog, () => process.HasExited);
        return new SerialConsole(console, Stream.Null, _options.Echo);
    }

    /// <inheritdoc/>
    protected override bool TryStopGently()
    {
        return HostProcess.Run(HostTools.Vmrun, "-T", "ws", "stop", Folder.VmwareMachine, "hard").Succeeded;
    }
}
