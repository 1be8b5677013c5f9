using System;
using Hypervisor.Tool.Emulators;

namespace Hypervisor.Tests.Emulators;

/// <summary>What a machine with two processors is without the hypervisor.</summary>
/// <param name="Facts">What the kernel finds.</param>
/// <param name="UnknownNmis">How many of <see cref="NmiLoad"/> the kernel sees.</param>
/// <param name="Statistics">What hvctl says of exits.</param>
/// <param name="UntilPrompt">The time from the machine's start to the prompt.</param>
internal sealed record BareBaseline(MachineFacts Facts, long UnknownNmis, string Statistics, TimeSpan UntilPrompt)
{
    /// <summary>Boots and asks.</summary>
    internal static BareBaseline Take(LinuxFixture linux)
    {
        using LinuxGuest guest = linux.Boot(linux.Options("test-bare", hypervisor: false));
        TimeSpan untilPrompt = guest.Machine.Elapsed;
        MachineFacts facts = MachineFacts.Ask(guest);
        string statistics = guest.Run("hvctl exits 2>&1 || [ $? = 3 ]");
        long nmis = NmiLoad.Apply(guest, MachineOptions.DefaultProcessors);
        guest.PowerOff();
        return new BareBaseline(facts, nmis, statistics, untilPrompt);
    }
}
