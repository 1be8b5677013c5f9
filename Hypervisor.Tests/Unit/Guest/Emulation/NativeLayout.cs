namespace Hypervisor.Tests.Unit.Guest.Emulation;

/// <summary>Where things stand in the address space of the program that runs instructions natively, and so in the emulated machine.</summary>
internal static class NativeLayout
{
    /// <summary>Two pages that may be written, and nothing behind them.</summary>
    internal const ulong FirstPages = 0x2000_0000;

    /// <summary>Two more.</summary>
    internal const ulong SecondPages = 0x2100_0000;

    /// <summary>A page that may only be read.</summary>
    internal const ulong ReadOnlyPage = 0x2200_0000;

    /// <summary>Where the instruction stands.</summary>
    internal const ulong Code = 0x2300_0000;

    /// <summary>Where the cases are mapped.</summary>
    internal const ulong Batch = 0x7000_0000;

    internal const ulong PageSize = 0x1000;
    internal const int Pages = 2;

    /// <summary>What a case sees of either pair of pages: the bytes around the border between the two.</summary>
    internal const int WindowSize = 256;

    internal const ulong FirstWindow = FirstPages + PageSize - (WindowSize / 2);
    internal const ulong SecondWindow = SecondPages + PageSize - (WindowSize / 2);

    /// <summary>Base of FS in 64-bit cases.</summary>
    internal const ulong FsBase = 0x1000;

    /// <summary>Base of GS in 64-bit cases.</summary>
    internal const ulong GsBase = 0x2_3450;
}
