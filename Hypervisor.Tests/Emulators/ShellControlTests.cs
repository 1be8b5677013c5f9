using System;
using System.Collections.Generic;
using Hypervisor.Tool.Commands;
using Hypervisor.Tool.Images;
using Xunit;
using Xunit.Abstractions;

namespace Hypervisor.Tests.Emulators;

/// <summary>hvctl in the UEFI Shell: with and without a hypervisor, and what it tells the firmware to do at the next start.</summary>
[Trait("Category", "Emulator")]
[Collection(EmulatorCollection.Name)]
public sealed class ShellControlTests
{
    private const string Secret = "open sesame, please";
    private const string Password = "hunter2";
    private const string ShellPrompt = @"for Linux\.\n[\s\S]*FS0:\\> ";
    private const string Question = "hv: password: ";
    private const string Running = "hv: this machine now runs on hv";
    private const string RecordGuid = "11223344-5566-7788-99AA-BBCCDDEEFF00";

    private static readonly string _passwordLine = HashPasswordCommand.MakeLine(Password, 1000, [1, 2, 3, 4, 5, 6, 7, 8]);

    private readonly LinuxFixture _linux;
    private readonly ITestOutputHelper _output;

    public ShellControlTests(LinuxFixture linux, ITestOutputHelper output)
    {
        _linux = linux;
        _output = output;
    }

    [EmulatorFact]
    public void The_hypervisor_tells_those_who_have_the_secret_and_nobody_else()
    {
        using LinuxGuest guest = StopInShell("test-shell-status", $"serial = com2\nsecret = {Secret}\n");

        // An undefined instruction in the firmware would be its end.
        Assert.Contains("no hypervisor answers", Say(guest, $"hvctl status --secret \"{Secret}\""), StringComparison.Ordinal);
        Assert.Contains("no hypervisor answers", Say(guest, "hvctl exits"), StringComparison.Ordinal);
        Say(guest, $"hvctl add-record {RecordGuid} \"handed over at boot\"");
        Say(guest, $"hvctl add-record {RecordGuid} second");
        Assert.Contains(Running, Say(guest, "load hv.efi"), StringComparison.Ordinal);

        string status = Say(guest, $"hvctl status --secret \"{Secret}\"");
        Assert.Contains("processors    2, AMD-V", status, StringComparison.Ordinal);
        Assert.Contains("guest         firmware", status, StringComparison.Ordinal);
        Assert.Contains("records       2", status, StringComparison.Ordinal);
        string records = Say(guest, $"hvctl records --secret \"{Secret}\"");
        Assert.Contains($"{RecordGuid} 19 bytes", records, StringComparison.Ordinal);
        Assert.Contains("handed over at boot", records, StringComparison.Ordinal);
        Assert.Contains("configuration: hv.cfg", Say(guest, $"hvctl log --secret \"{Secret}\""), StringComparison.Ordinal);
        Assert.Contains("all causes", Say(guest, $"hvctl exits --secret \"{Secret}\""), StringComparison.Ordinal);
        Say(guest, $"set HV_SECRET \"{Secret}\"");
        Assert.Contains("armed", Say(guest, "hvctl mediators"), StringComparison.Ordinal);
        Say(guest, "set -d HV_SECRET");

        Assert.Contains("the hypervisor does not accept the secret", Say(guest, "hvctl status --secret \"open sesame, plaese\""), StringComparison.Ordinal);
        Assert.Contains("no hypervisor answers those who have no secret", Say(guest, "hvctl exits"), StringComparison.Ordinal);
        Assert.Contains("the hypervisor is already running", Say(guest, $"hvctl add-record {RecordGuid} late"), StringComparison.Ordinal);
        Assert.Contains("refused calls 1", Say(guest, $"hvctl status --secret \"{Secret}\""), StringComparison.Ordinal);
        guest.EndInShell();
    }

    [EmulatorFact]
    public void The_firmware_loads_the_hypervisor_after_install_and_not_after_uninstall()
    {
        using LinuxGuest guest = StopInShell("test-install", $"serial = com2\nsecret = {Secret}\n");
        Assert.Contains("not installed", Say(guest, "hvctl status-boot"), StringComparison.Ordinal);
        Assert.Contains("there is no file", Say(guest, @"hvctl install fs0:\absent.efi"), StringComparison.Ordinal);
        Assert.Contains(@"installed: Driver0000, ", Say(guest, @"hvctl install fs0:\hv.efi"), StringComparison.Ordinal);
        Restart(guest);
        Assert.Single(guest.Launches);
        Assert.Contains("already running", Say(guest, "load hv.efi"), StringComparison.Ordinal);
        Assert.Contains("configuration: hv.cfg", Say(guest, $"hvctl log --secret \"{Secret}\""), StringComparison.Ordinal);

        // The same entry again, now with options.
        string again = Say(guest, $"hvctl install fs0:\\hv.efi --options \"serial = com2; secret = {Secret}; icr-trap = keep\"");
        Assert.Contains("installed: Driver0000, ", again, StringComparison.Ordinal);
        Assert.Contains("icr-trap = keep", again, StringComparison.Ordinal);
        Restart(guest);
        Assert.Equal(2, guest.Launches.Count);
        Assert.Contains("configuration: load options", Say(guest, $"hvctl log --secret \"{Secret}\""), StringComparison.Ordinal);
        Assert.Contains("icr-trap keep", Say(guest, $"hvctl status --secret \"{Secret}\""), StringComparison.Ordinal);

        Assert.Contains("not installed", Say(guest, "hvctl uninstall"), StringComparison.Ordinal);
        Restart(guest);
        Assert.Equal(2, guest.Launches.Count);
        Assert.Contains("no hypervisor answers", Say(guest, $"hvctl status --secret \"{Secret}\""), StringComparison.Ordinal);
        guest.EndInShell();
    }

    [EmulatorFact]
    public void A_configuration_in_a_variable_counts_where_there_is_no_other()
    {
        using LinuxGuest guest = StopInShell(
            "test-variable",
            "serial = off\n",
            GuestFile.FromText("good.cfg", $"serial = com2\nsecret = {Secret}\n"),
            GuestFile.FromText("bad.cfg", "serial = com2\npassword-tries = 0x80000000\n"));
        Assert.Contains("line 2, password-tries: out of range; accepted: 1 to 100", Say(guest, @"hvctl set-config fs0:\bad.cfg"), StringComparison.Ordinal);
        Assert.Contains("there is no firmware variable", Say(guest, "hvctl get-config"), StringComparison.Ordinal);
        Say(guest, @"hvctl set-config fs0:\good.cfg");
        Assert.Contains($"secret = {Secret}", Say(guest, "hvctl get-config"), StringComparison.Ordinal);
        Say(guest, @"rm fs0:\hv.cfg");
        Assert.Contains(Running, Say(guest, "load hv.efi"), StringComparison.Ordinal);
        Assert.Contains("configuration: variable HvConfig", Say(guest, $"hvctl log --secret \"{Secret}\""), StringComparison.Ordinal);

        // Of the secret nothing may be found by the operating system.
        guest.BootFromShell();
        Assert.Equal("0", guest.Run("ls /sys/firmware/efi/efivars | grep -c HvConfig || true"));
        Assert.Equal("0", guest.Run($"hvctl status --secret '{Secret}' > /dev/null; echo $?"));
        guest.PowerOff();
    }

    [EmulatorFact]
    public void The_password_is_asked_for_before_the_hypervisor_starts()
    {
        using LinuxGuest guest = StopInShell("test-password", $"secret = {Secret}\n{_passwordLine}\npassword-tries = 2\npassword-failure = continue\n");
        guest.Machine.SendLine("load hv.efi");
        Assert.DoesNotContain("wrong", Answer(guest, "wrong password", "hv: wrong\n" + Question), StringComparison.Ordinal);
        Answer(guest, "wrong again", "hv: wrong; no tries are left\nhv: not started: the password was not typed\n[\\s\\S]*FS0:\\\\> ", asked: true);

        guest.Machine.SendLine("load hv.efi");
        Answer(guest, "hunter3\b2", Running + "[\\s\\S]*FS0:\\\\> ");
        Assert.Contains("boot password", Say(guest, $"hvctl status --secret \"{Secret}\""), StringComparison.Ordinal);

        // As a driver: asked for before the firmware has its consoles, and without the password the machine starts anew.
        Say(guest, $"hvctl install fs0:\\hv.efi --options \"{_passwordLine}; password-tries = 1; secret = {Secret}\"");
        guest.Machine.SendLine("reset");
        Answer(guest, "wrong", "hv: wrong; no tries are left\nhv: the machine is reset\n[\\s\\S]*" + Question);
        Answer(guest, Password, ShellPrompt, asked: true);
        Assert.Contains("boot password", Say(guest, $"hvctl status --secret \"{Secret}\""), StringComparison.Ordinal);
        guest.EndInShell();
    }

    /// <summary>Waits for the question, types the answer, and waits for what comes then.</summary>
    private static string Answer(LinuxGuest guest, string typed, string then, bool asked = false)
    {
        if (!asked)
        {
            guest.Machine.WaitFor(Question, guest.BootLimit);
        }

        guest.Machine.Send(typed + "\r");
        return guest.Machine.WaitFor(@"([\s\S]*?)" + then, guest.BootLimit).Groups[1].Value;
    }

    private static void Restart(LinuxGuest guest)
    {
        guest.Machine.SendLine("reset");
        guest.Machine.WaitFor(ShellPrompt, guest.BootLimit, "The UEFI Shell did not come up again");
    }

    private string Say(LinuxGuest guest, string command)
    {
        string answer = guest.RunInShell(command);
        _output.WriteLine(answer);
        return answer;
    }

    private LinuxGuest StopInShell(string name, string configuration, params IReadOnlyList<GuestFile> files) =>
        _linux.StopInShell(_linux.Options(name, hypervisor: true) with { Configuration = configuration, DiskFiles = files });
}
