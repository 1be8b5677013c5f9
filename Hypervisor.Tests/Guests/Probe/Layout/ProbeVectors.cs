namespace Hypervisor.Guests.Probe.Layout;

/// <summary>Interrupt vectors with a meaning to the probe.</summary>
public static class ProbeVectors
{
    /// <summary>Debug exception.</summary>
    public const int Debug = 1;

    /// <summary>Non-maskable interrupt.</summary>
    public const int Nmi = 2;

    /// <summary>The software interrupt that ends every snippet; open to privilege 3.</summary>
    public const int Done = 0x40;

    /// <summary>A software interrupt whose frame goes to the stack there is, whatever stacks the others use; it ends the snippet too.</summary>
    public const int OnOwnStack = 0x41;

    /// <summary>The first vector that is no exception (AMD APM vol 2 §8.2).</summary>
    public const int FirstInterrupt = 0x20;

    /// <summary>The interrupt that the probe sends to itself.</summary>
    public const int SelfInterrupt = 0x60;

    /// <summary>Number of vectors.</summary>
    public const int Count = 256;

    /// <summary>Bytes from one entry to the next.</summary>
    public const int EntryStride = 16;
}
