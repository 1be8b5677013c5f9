using System;

namespace Hypervisor.Core.Diagnostics;

/// <summary>What reports call the causes of exits: their names in <see cref="ExitCause"/>, which the image itself does not carry.</summary>
public static class ExitCauseName
{
    private const byte Separator = (byte)' ';

    private static ReadOnlySpan<byte> Names =>
        ("Cpuid MsrRead MsrWrite Port LocalApic Memory ProtectedMemory UnexpectedMemory Nmi Iret Step GeneralProtection Init Sipi ControlRegister TaskSwitch "u8
        + "Invd Xsetbv Hypercall VirtualizationInstruction Shutdown Other"u8);

    /// <summary>The name of a cause; empty for one without.</summary>
    public static ReadOnlySpan<byte> Of(ExitCause cause)
    {
        int start = 0;
        int number = 0;
        for (int i = 0; i <= Names.Length; i++)
        {
            if (i < Names.Length && Names[i] != Separator)
            {
                continue;
            }

            if (number == (int)cause)
            {
                return Names.Slice(start, i - start);
            }

            number++;
            start = i + 1;
        }

        return default;
    }
}
