using System;
using System.Collections.Generic;
using System.IO;
using Hypervisor.Tool.Emulators;
using Hypervisor.Tool.Images;
using Xunit;
using Xunit.Abstractions;

namespace Hypervisor.Tests.Emulators;

/// <summary>Loading hv.efi by hand in the UEFI Shell: what it refuses, what it says then, and that the machine is none the worse for it.</summary>
[Trait("Category", "Emulator")]
[Collection(EmulatorCollection.Name)]
public sealed class LoadingTests
{
    private const string NotStarted = "hv: not started: ";
    private const string BootServicesExited = "hv: boot services have exited";
    private const string Started = "hv: this machine now runs on hv";

    private readonly LinuxFixture _linux;
    private readonly ITestOutputHelper _output;

    public LoadingTests(LinuxFixture linux, ITestOutputHelper output)
    {
        _linux = linux;
        _output = output;
    }

    [EmulatorFact]
    public void A_bad_configuration_and_a_second_copy_are_refused()
    {
        using LinuxGuest guest = _linux.StopInShell(_linux.Options("test-configuration", hypervisor: true) with
        {
            Configuration = "serial = off\nstatus = off\n",
            DiskFiles =
            [
                .. Copy("key", "serial = com2\ncolour = red\n"),
                .. Copy("value", "# the port\n\nserial = com9\n"),
                .. Copy("switch", "status = maybe; serial = off\n"),
                .. Copy("equals", "serial com2\n"),
            ],
        });
        Refuses(guest, @"key\hv.efi", "hv.cfg, line 2, colour: unknown key; accepted: serial,");
        Refuses(guest, @"value\hv.efi", "hv.cfg, line 3, serial: value not accepted; accepted: com1, com2 or off");
        Refuses(guest, @"switch\hv.efi", "hv.cfg, line 1, status: value not accepted; accepted: on or off");
        Refuses(guest, @"equals\hv.efi", "hv.cfg, line 1, serial: no '=' after the key; accepted: key = value");
        Assert.Contains(Started, Load(guest, "hv.efi"), StringComparison.Ordinal);
        Refuses(guest, "hv.efi", "it is already running");

        guest.BootFromShell();
        MachineFacts facts = MachineFacts.Ask(guest);
        Assert.Equal(_linux.Bare.Facts.Online, facts.Online);
        Assert.Empty(facts.VirtualizationFlags);
        // The copies that were refused have left nothing behind.
        (ulong first, ulong last, _, string now) = Assert.Single(facts.E820.DifferencesFrom(_linux.Bare.Facts.E820, facts.EfiMap));
        _output.WriteLine($"0x{first:X} to 0x{last:X} is {now}");

        // By configuration nothing goes to the serial port, and nobody answers.
        IsSilent(guest);
        guest.PowerOff();
    }

    [EmulatorFact]
    public void A_processor_without_virtualization_is_refused_and_Linux_boots_bare()
    {
        LinuxBootOptions options = _linux.Options("test-no-svm", hypervisor: true);
        using LinuxGuest guest = _linux.StopInShell(options with { Machine = (QemuOptions)options.Machine with { Processor = "EPYC,-svm" } });
        Refuses(guest, "hv.efi", "this processor has neither VT-x (VMX) nor AMD-V (SVM), or another hypervisor hides it");

        guest.BootFromShell();
        MachineFacts facts = MachineFacts.Ask(guest);
        IsSilent(guest);
        Assert.Empty(facts.E820.DifferencesFrom(_linux.Bare.Facts.E820));

        // The machine that one behind the hypervisor must look like; the other tests compare with the baseline, which is equal to it.
        Assert.Equal(facts.Processors, _linux.Bare.Facts.Processors);
        Assert.Equal(facts.Attempts, _linux.Bare.Facts.Attempts);
        _output.WriteLine(string.Join(Environment.NewLine, facts.Attempts));
        guest.PowerOff();
    }

    private static void IsSilent(LinuxGuest guest)
    {
        // The firmware's console, with what the loader says there, is on both ports; the log's own lines are what must be missing.
        Assert.Empty(guest.Launches);
        Assert.DoesNotContain(BootServicesExited, guest.HypervisorLines);
        Assert.Equal(GuestScripts.NoAnswer, guest.Run("HV_SECRET= hvctl exits 2>&1 || [ $? = 3 ]"));
    }

    private static string Load(LinuxGuest guest, string path) => guest.RunInShell($@"load fs0:\{path}");

    private void Refuses(LinuxGuest guest, string path, string reason)
    {
        string answer = Load(guest, path);
        _output.WriteLine(answer);
        Assert.Contains(NotStarted + reason, answer, StringComparison.Ordinal);
        Assert.DoesNotContain(Started, answer, StringComparison.Ordinal);
    }

    /// <summary>The image in a folder of its own, with another configuration beside it.</summary>
    private IEnumerable<GuestFile> Copy(string folder, string configuration) =>
    [
        GuestFile.FromHost($"{folder}/{Path.GetFileName(_linux.Workspace.HypervisorImage)}", _linux.Workspace.HypervisorImage),
        GuestFile.FromText($"{folder}/{BootScripts.ConfigurationPath}", configuration),
    ];
}
