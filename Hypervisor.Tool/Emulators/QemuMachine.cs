using System;
using System.Diagnostics;
using System.IO;
using Hypervisor.Tool.Hosting;
using Hypervisor.Tool.Setup;

namespace Hypervisor.Tool.Emulators;

/// <summary>A machine emulated by QEMU.</summary>
public sealed class QemuMachine : Machine
{
    private readonly QemuOptions _options;
    private QemuMonitor? _monitor;
    private ShellCountdown? _countdown;

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

        return new ProcessStartInfo(HostTools.Qemu, QemuCommandLine.Build(_options, Folder));
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

        _countdown = new ShellCountdown(Folder.SerialLog, _monitor);
    }

    /// <inheritdoc/>
    protected override bool TryStopGently()
    {
        try
        {
            _monitor?.Quit();
            return _monitor is not null;
        }
        catch (Exception failure) when (failure is IOException or HvException or ObjectDisposedException)
        {
            return false;
        }
    }

    /// <inheritdoc/>
    protected override void Dispose(bool disposing)
    {
        _countdown?.Dispose();
        _monitor?.Dispose();
    }
}
