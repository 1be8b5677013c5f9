using System;
using Hypervisor.Tool.Emulators;
using Hypervisor.Tool.Hosting;
using Hypervisor.Tool.Setup;

namespace Hypervisor.Tests.Emulators;

/// <summary>Boots Linux guests for tests: the same kernel, disk and machine, bare or behind a hypervisor image.</summary>
public sealed class LinuxFixture
{
    /// <summary>Ample for a boot that takes seconds, on a host that is doing other things.</summary>
    public static readonly TimeSpan BootLimit = TimeSpan.FromSeconds(180);

    /// <summary>Ample for what a guest does once it is up.</summary>
    public static readonly TimeSpan StepLimit = TimeSpan.FromSeconds(60);

    private readonly Lazy<LinuxBoot> _boot;

    public LinuxFixture()
    {
        Workspace = Workspace.Find();
        _boot = new Lazy<LinuxBoot>(() => new LinuxBoot(Workspace, GuestParts.Get(Workspace, KernelFlavor.Cloud)));
    }

    /// <summary>The source tree under test.</summary>
    public Workspace Workspace { get; }

    /// <summary>Starts a guest.</summary>
    public QemuMachine Start(LinuxBootOptions options)
    {
        QemuMachine machine = _boot.Value.Prepare(options);
        try
        {
            machine.Start();
            return machine;
        }
        catch
        {
            machine.Dispose();
            throw;
        }
    }
}
