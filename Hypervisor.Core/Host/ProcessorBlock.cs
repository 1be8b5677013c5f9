namespace Hypervisor.Core.Host;

/// <summary>
/// The 64 KiB every processor has for itself, aligned to its size, so that any address in it (the stack pointer above all) finds the rest.
/// <code>
///   0x0000  guard page, not mapped: the stack cannot run over silently
///   0x1000  stack, 12 KiB, grows down from the data page
///   0x4000  data page: <see cref="ProcessorData"/>
///   0x5000  guard page
///   0x6000  fault stack, 8 KiB (IST 1)
///   0x8000  NMI stack, 2 KiB (IST 2), then machine-check stack, 2 KiB (IST 3)
///   0x9000  guest control structure (VMCB or VMCS)
///   0xA000  host state of VMSAVE (SVM)
///   0xB000  host save area of VMRUN (SVM), VMXON region (VMX)
///   0xC000  the four nested page tables that are this processor's own
/// </code>
/// </summary>
public static class ProcessorBlock
{
    /// <summary>Bytes per processor, and the alignment of a block.</summary>
    public const int Size = 0x10000;

    /// <summary>The page below the stack that is never mapped.</summary>
    public const int StackGuard = 0x0000;

    /// <summary>The data page; the stack ends where it begins.</summary>
    public const int Data = 0x4000;

    /// <summary>The page between data and fault stack that is never mapped.</summary>
    public const int FaultStackGuard = 0x5000;

    /// <summary>Top of the fault stack.</summary>
    public const int FaultStackTop = 0x8000;

    /// <summary>Top of the NMI stack.</summary>
    public const int NmiStackTop = 0x8800;

    /// <summary>Top of the machine-check stack.</summary>
    public const int MachineCheckStackTop = 0x9000;

    /// <summary>Guest control structure.</summary>
    public const int GuestControl = 0x9000;

    /// <summary>Host state of VMSAVE.</summary>
    public const int HostControl = 0xA000;

    /// <summary>Host save area of VMRUN.</summary>
    public const int HostSave = 0xB000;

    /// <summary>First of this processor's own nested page tables.</summary>
    public const int NestedTables = 0xC000;

    /// <summary>Address of a processor's own nested page tables.</summary>
    public static unsafe ulong NestedTablesOf(ProcessorData* processor) => (ulong)processor - Data + NestedTables;

    /// <summary>Bytes the exit stub keeps below the data page for its callee (Microsoft x64 calling convention: 32 bytes of home space).</summary>
    public const int HomeSpace = 32;
}
