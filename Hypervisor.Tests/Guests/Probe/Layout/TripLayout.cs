namespace Hypervisor.Guests.Probe.Layout;

/// <summary>
/// The block of memory below 1 MiB in which the round trip through the processor's modes runs: offsets from its start, which is aligned
/// to a page. The code addresses its data through these numbers.
/// </summary>
public static class TripLayout
{
    /// <summary>Pages of the block.</summary>
    public const int Pages = 6;

    /// <summary>Pseudo-descriptor of the block's descriptor table.</summary>
    public const int Gdtr = 0x00;

    /// <summary>Far pointer (16:32) to the 32-bit code in its flat segment.</summary>
    public const int ToCode32 = 0x10;

    /// <summary>Far pointer (16:32) to the 16-bit code in its protected segment.</summary>
    public const int ToCode16 = 0x18;

    /// <summary>Far pointer (16:16) to the real-mode code.</summary>
    public const int ToReal = 0x20;

    /// <summary>Far pointer (16:32) from real mode back to 32-bit code.</summary>
    public const int ToBack32 = 0x28;

    /// <summary>Far pointer (16:32) from 32-bit code back to 64-bit code.</summary>
    public const int ToBack64 = 0x30;

    /// <summary>CR3 for 32-bit paging.</summary>
    public const int LegacyCr3 = 0x38;

    /// <summary>CR3 for PAE paging.</summary>
    public const int PaeCr3 = 0x3C;

    /// <summary>Saved RSP.</summary>
    public const int SavedRsp = 0x40;

    /// <summary>Saved CR0.</summary>
    public const int SavedCr0 = 0x48;

    /// <summary>Saved CR3.</summary>
    public const int SavedCr3 = 0x50;

    /// <summary>Saved CR4.</summary>
    public const int SavedCr4 = 0x58;

    /// <summary>Saved EFER, two halves.</summary>
    public const int SavedEfer = 0x60;

    /// <summary>Saved GDTR.</summary>
    public const int SavedGdtr = 0x70;

    /// <summary>Saved IDTR.</summary>
    public const int SavedIdtr = 0x80;

    /// <summary>Pseudo-descriptor of the real-mode vector table.</summary>
    public const int RealIdtr = 0x90;

    /// <summary>Where 64-bit code of the image goes on afterwards.</summary>
    public const int ReturnRip = 0xA0;

    /// <summary>How often the real-mode interrupt handler ran.</summary>
    public const int RealInterrupts = 0xA8;

    /// <summary>EFER as RDMSR gave it with paging off, low half.</summary>
    public const int EferUnpaged = 0xAC;

    /// <summary>EFER as RDMSR gave it in real mode, low half.</summary>
    public const int EferReal = 0xB0;

    /// <summary>IP at the single step behind CPUID in real mode, relative to CPUID; FFFFh if there was none.</summary>
    public const int RealStepIp = 0xB4;

    /// <summary>How many single steps there were in real mode.</summary>
    public const int RealSteps = 0xB8;

    /// <summary>CPUID's four registers for each <see cref="TripStage"/>.</summary>
    public const int Results = 0x100;

    /// <summary>CPUID leaf asked for.</summary>
    public const int Leaf = 0x1F0;

    /// <summary>The descriptor table.</summary>
    public const int Gdt = 0x200;

    /// <summary>64-bit code that comes back.</summary>
    public const int Code64 = 0x400;

    /// <summary>32-bit code.</summary>
    public const int Code32 = 0x500;

    /// <summary>16-bit code.</summary>
    public const int Code16 = 0x900;

    /// <summary>Room for the 64-bit code.</summary>
    public const int Code64Size = Code32 - Code64;

    /// <summary>Room for the 32-bit code.</summary>
    public const int Code32Size = Code16 - Code32;

    /// <summary>Room for the 16-bit code.</summary>
    public const int Code16Size = 0x1000 - Code16;

    /// <summary>Page directory of 32-bit paging.</summary>
    public const int LegacyDirectory = 0x1000;

    /// <summary>Page directory pointers of PAE paging.</summary>
    public const int PaePointers = 0x2000;

    /// <summary>Page directory of PAE paging.</summary>
    public const int PaeDirectory = 0x3000;

    /// <summary>Real-mode vector table.</summary>
    public const int RealVectors = 0x4000;

    /// <summary>Top of the stack of 32-bit and 16-bit code.</summary>
    public const int StackTop = 0x5FF0;

    /// <summary>Vector of the real-mode software interrupt.</summary>
    public const int RealInterruptVector = 0x21;

    /// <summary>Selector of flat 32-bit code.</summary>
    public const ushort Code32Selector = 0x08;

    /// <summary>Selector of flat data.</summary>
    public const ushort Data32Selector = 0x10;

    /// <summary>Selector of 16-bit code at the block.</summary>
    public const ushort Code16Selector = 0x18;

    /// <summary>Selector of 16-bit data at the block.</summary>
    public const ushort Data16Selector = 0x20;

    /// <summary>Selector of 64-bit code.</summary>
    public const ushort Code64Selector = 0x28;

    /// <summary>Bytes of the descriptor table.</summary>
    public const int GdtSize = 0x30;
}
