using Hypervisor.Core.Cpu;

namespace Hypervisor.Core.Guest.Startup;

/// <summary>The registers of a processor after INIT, and after the SIPI that follows.</summary>
/// <remarks>
/// <para>Intel SDM vol 3 table 9-1, column INIT, and §8.4.3 for SIPI; AMD APM vol 2 §14.1.3 and table 14-1, and §15.27.8.</para>
/// <para>
/// INIT is not RESET: XCR0, x87 and SSE state, the time-stamp counter, MTRRs, PAT, machine-check banks, SYSENTER and SYSCALL MSRs,
/// KERNEL_GS_BASE and TSC_AUX keep their values. The control-flow enforcement MSRs become 0. The local APIC is reset but for its ID and its
/// mode. All general registers but RDX, and DR0 to DR3, are 0.
/// </para>
/// </remarks>
/// <param name="before">CR0 as it was: CD and NW are kept.</param>
/// <param name="signature">CPUID.1:EAX, which RDX receives.</param>
/// <param name="code">CS, see <see cref="AfterInit"/> and <see cref="AfterStartup"/>.</param>
/// <param name="instructionPointer">RIP.</param>
/// <param name="isProtected">Whether protection is on, with flat segments: woken, not started.</param>
public readonly struct InitState(Cr0 before, uint signature, SegmentState code, ulong instructionPointer, bool isProtected = false)
{
    /// <summary>DR6 after INIT: nothing has triggered.</summary>
    public const ulong Dr6 = 0xFFFF_0FF0;

    /// <summary>DR7 after INIT: no breakpoint is on, bit 10 is always 1.</summary>
    public const ulong Dr7 = 0x400;

    /// <summary>RFLAGS after INIT: interrupts off, bit 1 is always 1.</summary>
    public const ulong Flags = 2;

    /// <summary>IA32_DEBUGCTL after INIT.</summary>
    public const ulong DebugControl = 0;

    /// <summary>IA32_XSS after INIT.</summary>
    public const ulong ExtendedSupervisorState = 0;

    /// <summary>DFR of the local APIC after INIT: flat model.</summary>
    public const uint DestinationFormat = 0xFFFF_FFFF;

    private const uint SegmentLimit = 0xFFFF;
    private const ushort InitSelector = 0xF000;
    private const ulong InitCodeBase = 0xFFFF_0000;
    private const ulong InitInstructionPointer = 0xFFF0;

    // Present, DPL 0; types: code execute/read accessed, data read/write accessed, LDT, busy 32-bit TSS (VM entry wants TR busy: SDM vol 3
    // §26.3.1.2).
    private const ushort CodeAttributes = 0x9B;
    private const ushort DataAttributes = 0x93;
    private const ushort FlatCodeAttributes = 0xC9B;
    private const ushort FlatDataAttributes = 0xC93;
    private const ushort FlatData = 0x10;
    private const ushort LocalTableAttributes = 0x82;
    private const ushort TaskAttributes = 0x8B;

    /// <summary>The state behind INIT, at the reset vector: where a bootstrap processor would go on. An application processor waits for
    /// SIPI instead.</summary>
    /// <param name="before">CR0 as it was.</param>
    /// <param name="signature">CPUID.1:EAX of this processor.</param>
    /// <returns>The registers.</returns>
    public static InitState AfterInit(Cr0 before, uint signature) =>
        new(before, signature, Segment(InitSelector, InitCodeBase, CodeAttributes), InitInstructionPointer);

    /// <summary>The state behind INIT and SIPI, or behind waking.</summary>
    /// <param name="before">CR0 as it was.</param>
    /// <param name="signature">CPUID.1:EAX of this processor.</param>
    /// <param name="start">Where it goes on.</param>
    /// <returns>The registers.</returns>
    public static InitState AfterStartup(Cr0 before, uint signature, StartPoint start) => new(
        before,
        signature,
        start.IsProtected ? Flat(start.Selector, FlatCodeAttributes) : Segment(start.Selector, start.SegmentBase, CodeAttributes),
        start.Rip,
        start.IsProtected);

    /// <summary>CR0: ET, and CD and NW as they were.</summary>
    public Cr0 Cr0 => new Cr0(0).WithProtectionEnable(isProtected).WithExtensionType(true).WithCacheDisable(before.CacheDisable).WithNotWriteThrough(before.NotWriteThrough);

    /// <summary>CR3, 0. CR2 is 0 as well.</summary>
    public Cr3 Cr3 => default;

    /// <summary>CR4, 0 as the guest sees it.</summary>
    public Cr4 Cr4 => default;

    /// <summary>EFER, 0 as the guest sees it.</summary>
    public Efer Efer => default;

    /// <summary>RFLAGS.</summary>
    public RFlags RFlags => new(Flags);

    /// <summary>RIP.</summary>
    public ulong Rip => instructionPointer;

    /// <summary>RDX: the signature of the processor. All other general registers are 0.</summary>
    public ulong Rdx => signature;

    /// <summary>CS.</summary>
    public SegmentState Cs => code;

    /// <summary>SS, DS, ES, FS and GS.</summary>
    public SegmentState Data => isProtected ? Flat(FlatData, FlatDataAttributes) : Segment(0, 0, DataAttributes);

    /// <summary>LDTR.</summary>
    public SegmentState LocalTable => Segment(0, 0, LocalTableAttributes);

    /// <summary>TR.</summary>
    public SegmentState Task => Segment(0, 0, TaskAttributes);

    /// <summary>GDTR.</summary>
    public DescriptorTableState GlobalTable => new(0, (ushort)SegmentLimit);

    /// <summary>IDTR.</summary>
    public DescriptorTableState InterruptTable => new(0, (ushort)SegmentLimit);

    private static SegmentState Flat(ushort selector, ushort attributes) =>
        new(new SegmentSelector(selector), 0, uint.MaxValue, new SegmentAttributes(attributes));

    private static SegmentState Segment(ushort selector, ulong baseAddress, ushort attributes) =>
        new(new SegmentSelector(selector), baseAddress, SegmentLimit, new SegmentAttributes(attributes));
}
