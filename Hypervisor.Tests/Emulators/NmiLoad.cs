using System;
using System.Threading;

namespace Hypervisor.Tests.Emulators;

/// <summary>Non-maskable interrupts from outside, while the guest's processors are busy in user and kernel mode.</summary>
internal static class NmiLoad
{
    /// <summary>How many are sent.</summary>
    internal const int Sent = 20;

    /// <summary>Asks the kernel how many it has seen.</summary>
    internal const string Count = "dmesg | grep -c 'Uhhuh. NMI received for unknown reason'";

    private static readonly TimeSpan _interval = TimeSpan.FromMilliseconds(100);

    /// <summary>Sends them and returns how often the kernel says that it knows no reason for one, which is what it says to each of these on bare hardware.</summary>
    internal static long Apply(LinuxGuest guest, int processors)
    {
        for (int i = 0; i < processors; i++)
        {
            guest.Run("{ dd if=/dev/zero of=/dev/null bs=512 2> /dev/null & }");
        }

        for (int i = 0; i < Sent; i++)
        {
            guest.Machine.Monitor.InjectNmi();
            Thread.Sleep(_interval);
        }

        // Each makes three lines on the console, whatever its level is set to; the prompt must be alone for the next command.
        guest.Run("killall dd");
        Thread.Sleep(_interval);
        return guest.RunNumber(Count);
    }
}
