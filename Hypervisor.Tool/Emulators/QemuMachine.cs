using System;
using System.Diagnostics;
using System.IO;
using Hypervisor.Tool.Hosting;
using Hypervisor.Tool.Setup;

namespace Hypervisor.Tool.Emulators;

/// <summary>A machine emulated by QEMU.</summary>
public sealed class QemuMachine : Machine
{
    private const string CountdownText = "seconds to skip";
    private const string AnyKey = "ret";
    private readonly QemuOptions _options;
    private QemuMonitor? _monitor;
    private LogWatch? _countdown;

    /// <summary>Creates the machine; its disk must be in the folder when it starts.</summary>
    public QemuMachine(QemuOptions options, RunFolder folder)
        : base(options, folder)
    {
        _options = options;
    }

    /// <summary>The control connection.</summary>
    public QemuMonitor Monitor => _monitor ?? throw new InvalidOperationException("The machine was not started.");

    /// <inheritdoc/>
    protected override ProcessStartInfo Describe()
    {
        if (!File.Exists(Folder.Variables))
        {
            File.Copy(Firmware.Variables, Folder.Variables);
        }

        return new ProcessStartInfo(HostTools.Qemu, QemuCommandLine.Build(_options, Folder))
        {
            RedirectStandardInput = !_options.Interactive,
            RedirectStandardOutput = !_options.Interactive,
        };
    }

    /// <inheritdoc/>
    protected override SerialConsole? OpenConsole(Process process)
    {
        return _options.Interactive
            ? null
            : new SerialConsole(process.StandardOutput.BaseStream, process.StandardInput.BaseStream, _options.Echo);
    }

    /// <inheritdoc/>
    protected override void OnStarted()
    {
        try
        {
            _monitor = QemuMonitor.Connect(Folder.MonitorSocket);
        }
        catch (Exception failure) when (failure is IOException or HvException)
        {
            throw new MachineException($"QEMU did not start; the logs are in {Folder.Path}.", Folder);
        }

        // The UEFI Shell counts down five seconds before its start-up script unless a key is pressed.
        _countdown = new LogWatch(Folder.SerialLog, CountdownText, () => TryCommand(monitor => monitor.PressKey(AnyKey)));
    }

    /// <inheritdoc/>
    protected override bool TryStopGently()
    {
        return TryCommand(monitor => monitor.Quit());
    }

    /// <inheritdoc/>
    protected override void Dispose(bool disposing)
    {
        _countdown?.Dispose();
        _monitor?.Dispose();
    }

    private bool TryCommand(Action<QemuMonitor> command)
    {
        if (_monitor is null)
        {
            return false;
        }

        try
        {
            command(_monitor);
            return true;
        }
        catch (Exception failure) when (failure is IOException or HvException or ObjectDisposedException)
        {
            // The machine has just ended by itself.
            return false;
        }
    }
}
