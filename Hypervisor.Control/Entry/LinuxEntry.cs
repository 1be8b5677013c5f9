using System;
using System.Runtime;
using Hypervisor.Control.Platform.Linux;

namespace Hypervisor.Control.Entry;

/// <summary>Where Linux enters hvctl.</summary>
public static unsafe class LinuxEntry
{
    /// <summary>Called by the entry stub with the process's first stack (System V ABI, AMD64 supplement §3.4.1).</summary>
    /// <param name="stack">Number of arguments, arguments, null, environment, null.</param>
    [RuntimeExport("LinuxMain")]
    public static int Main(ulong* stack)
    {
        ulong count = *stack;
        byte** arguments = (byte**)(stack + 1);
        LinuxPlatform.Open(arguments + count + 1);
        for (ulong i = 1; i < count; i++)
        {
            if (!Arguments.Add(ZeroTerminated.Span(arguments[i])))
            {
                Complaint<LinuxPlatform>.Say("the command line is too long"u8);
                return (int)ExitStatus.Usage;
            }
        }

        return (int)ControlProgram<LinuxPlatform>.Run();
    }
}
