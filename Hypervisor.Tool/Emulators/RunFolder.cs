using System;
using System.IO;

namespace Hypervisor.Tool.Emulators;

/// <summary>The folder of one machine run: its logs, which stay, and its disk and variable store, which go unless kept.</summary>
public sealed class RunFolder : IDisposable
{
    private const string LockName = ".lock";
    private const int MostRunsOfOneName = 100;
    private readonly FileStream _lock;

    private RunFolder(string path, FileStream taken)
    {
        Path = path;
        _lock = taken;
    }

    /// <summary>The folder.</summary>
    public string Path { get; }

    /// <summary>What the guest and the firmware wrote to COM1, byte by byte.</summary>
    public string SerialLog => In("serial.log");

    /// <summary>What the hypervisor wrote to COM2.</summary>
    public string HypervisorLog => In("hv.log");

    /// <summary>What the emulator itself said.</summary>
    public string EmulatorLog => In("emulator.log");

    /// <summary>The emulator's command line, to run it again by hand.</summary>
    public string CommandLine => In("command.txt");

    /// <summary>Bochs' configuration.</summary>
    public string BochsConfiguration => In("machine.bxrc");

    /// <summary>The commands for Bochs' debugger.</summary>
    public string DebuggerCommands => In("debugger.rc");

    /// <summary>What Bochs' debugger said.</summary>
    public string DebuggerLog => In("debugger.log");

    /// <summary>VMware's description of the machine.</summary>
    public string VmwareMachine => In("machine.vmx");

    /// <summary>VMware's description of the disk.</summary>
    public string VmwareDisk => In("disk.vmdk");

    /// <summary>The machine's firmware variables.</summary>
    public string Variables => In("variables.fd");

    /// <summary>The machine's disk.</summary>
    public string Disk => In("disk.img");

    /// <summary>The name of the emulator's control socket.</summary>
    /// <remarks>
    /// In the kernel's abstract name space: a file would outlive a killed run, and its path might be longer than a socket's may be.
    /// </remarks>
    public string MonitorSocket { get; } = $"hv-{Guid.NewGuid():N}";

    /// <summary>Creates the folder for a run, empty. A run of the same name that is still going on keeps its own.</summary>
    public static RunFolder Create(string runs, string name)
    {
        for (int number = 1; number <= MostRunsOfOneName; number++)
        {
            string path = System.IO.Path.Combine(runs, number == 1 ? name : $"{name}-{number}");
            Directory.CreateDirectory(path);
            if (TryLock(path) is FileStream taken)
            {
                DeleteContents(path);
                return new RunFolder(path, taken);
            }
        }

        throw new InvalidOperationException($"{MostRunsOfOneName} runs named '{name}' are going on.");
    }

    /// <summary>Deletes what only a running machine needs, so that a hundred runs do not fill the disk of the host.</summary>
    public void DeleteState()
    {
        File.Delete(Disk);
        // What Bochs leaves behind where it was killed.
        File.Delete(Disk + ".lock");
        File.Delete(Variables);
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _lock.Dispose();
    }

    private static FileStream? TryLock(string path)
    {
        try
        {
            return new FileStream(System.IO.Path.Combine(path, LockName), FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None);
        }
        catch (IOException)
        {
            return null;
        }
    }

    private static void DeleteContents(string path)
    {
        foreach (string file in Directory.EnumerateFiles(path))
        {
            if (System.IO.Path.GetFileName(file) != LockName)
            {
                File.Delete(file);
            }
        }
    }

    private string In(string name)
    {
        return System.IO.Path.Combine(Path, name);
    }
}
