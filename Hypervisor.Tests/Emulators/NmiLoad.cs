using System;
using System.Threading;

namespace Hypervisor.Tests.Emulators;

/// <summary>Non-maskable interrupts from outside, while the guest's processors are busy in user and kernel mode.</summary>
internal static class NmiLoad
{
    /// <summary>How many are sent.</summary>
    internal const int Sent = 20;

    private static readonly TimeSpan _settling = TimeSpan.FromMilliseconds(500);

    // What the kernel says to each of these: nobody claims them. The console shows it whatever level it is set to.
    private const string Unknown = "Uhhuh. NMI received for unknown reason";

    /// <summary>Loads the processors, sends the interrupts and returns how many the kernel counted.</summary>
    internal static long Apply(LinuxGuest guest, int processors)
    {
        for (int i = 0; i < processors; i++)
        {
            guest.Run("{ dd if=/dev/zero of=/dev/null bs=512 2> /dev/null & }");
        }

        Send(guest, Sent);
        guest.Run("killall dd");
        return Count(guest);
    }

    /// <summary>Sends interrupts, each when the one before has arrived: two that are latched at the same time are one, on any processor.</summary>
    internal static void Send(LinuxGuest guest, int count)
    {
        for (int i = 0; i < count; i++)
        {
            guest.Monitor.InjectNmi();
            guest.Machine.WaitFor(Unknown, guest.StepLimit, $"The guest did not see NMI {i + 1} of {count}");
        }

        // Each makes three lines; the prompt must be alone for the next command.
        Thread.Sleep(_settling);
    }

    /// <summary>How many the kernel has seen.</summary>
    internal static long Count(LinuxGuest guest) => guest.RunNumber($"dmesg | grep -c '{Unknown}'");
}
