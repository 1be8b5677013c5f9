using System;
using Hypervisor.Tool.Emulators;
using Hypervisor.Tool.Hosting;
using Hypervisor.Tool.Setup;

namespace Hypervisor.Tests.Emulators;

/// <summary>Boots Linux guests for tests: the same kernel, disk and machine, bare or behind a hypervisor image.</summary>
public sealed class LinuxFixture
{
    // "efi=debug" has the kernel print the firmware's memory map.
    private const string TestArguments = "efi=debug";

    private readonly Lazy<LinuxBoot> _boot;
    private readonly Lazy<LinuxBoot> _deviceBoot;
    private readonly Lazy<BareBaseline> _bare;

    public LinuxFixture()
    {
        Workspace = Workspace.Find();
        _boot = new Lazy<LinuxBoot>(() => new LinuxBoot(Workspace, GuestParts.Get(Workspace, KernelFlavor.Cloud)));
        _deviceBoot = new Lazy<LinuxBoot>(() => new LinuxBoot(Workspace, GuestParts.Get(Workspace, KernelFlavor.Generic)));
        _bare = new Lazy<BareBaseline>(() => BareBaseline.Take(this));
    }

    /// <summary>The source tree under test.</summary>
    public Workspace Workspace { get; }

    /// <summary>The program that is the guests' user space.</summary>
    internal string BusyBox => GuestParts.Get(Workspace, KernelFlavor.Cloud).BusyBox;

    /// <summary>What two processors without the hypervisor look like; taken once.</summary>
    internal BareBaseline Bare => _bare.Value;

    /// <summary>Starts a machine.</summary>
    /// <param name="options">The guest and its machine. With drives it gets the kernel that has drivers for them.</param>
    public Machine Start(LinuxBootOptions options)
    {
        Lazy<LinuxBoot> boot = options.Machine is QemuOptions { Drives.Count: > 0 } ? _deviceBoot : _boot;
        Machine machine = boot.Value.Prepare(options);
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

    /// <summary>Options of a guest with the tests' scripts in it.</summary>
    internal LinuxBootOptions Options(string name, bool hypervisor, int processors = MachineOptions.DefaultProcessors) => new()
    {
        Name = name,
        Hypervisor = hypervisor ? Workspace.HypervisorImage : null,
        Machine = new QemuOptions { Processors = processors, AllowReset = true },
        KernelArguments = TestArguments,
        RootFiles = GuestScripts.Files,
    };

    /// <summary>Options of the same guest on another machine.</summary>
    internal LinuxBootOptions Options(string name, bool hypervisor, MachineOptions machine) => Options(name, hypervisor) with { Machine = machine };

    /// <summary>Boots a guest to its prompt.</summary>
    internal LinuxGuest Boot(LinuxBootOptions options)
    {
        LinuxGuest guest = new(Start(options), options.Machine);
        try
        {
            guest.WaitForPrompt();
            return guest;
        }
        catch
        {
            guest.Dispose();
            throw;
        }
    }

    /// <summary>Stops a machine at the prompt of the UEFI Shell, with files on its disk.</summary>
    internal LinuxGuest StopInShell(LinuxBootOptions options)
    {
        LinuxGuest guest = new(Start(options with { StopInShell = true }), options.Machine);
        try
        {
            guest.Machine.WaitFor(@"for Linux\.\n[\s\S]*FS0:\\> ", guest.BootLimit, "The UEFI Shell did not come up");
            return guest;
        }
        catch
        {
            guest.Dispose();
            throw;
        }
    }
}
