using System.Runtime.InteropServices;
using Hypervisor.Core.Cpu;
using Hypervisor.Core.Diagnostics;
using Hypervisor.Core.Guest;
using Hypervisor.Core.Guest.Startup;
using Hypervisor.Core.Mediation;
using Hypervisor.Core.Memory;

namespace Hypervisor.Core.Host;

/// <summary>
/// Everything one processor's host knows: a page in its <see cref="ProcessorBlock"/>, just above its stack. The first part is laid out for the
/// machine-code stubs (<see cref="ProcessorDataLayout"/>).
/// </summary>
[StructLayout(LayoutKind.Explicit, Size = 0x1000)]
public unsafe struct ProcessorData
{
    /// <summary>General registers of the guest.</summary>
    [FieldOffset(ProcessorDataLayout.Registers)]
    public GuestRegisters Registers;

    /// <summary>Physical address of the guest control structure.</summary>
    [FieldOffset(ProcessorDataLayout.GuestControl)]
    public ulong GuestControl;

    /// <summary>Physical address of the host's VMSAVE area.</summary>
    [FieldOffset(ProcessorDataLayout.HostControl)]
    public ulong HostControl;

    /// <summary>NMIs that reached the host, counted by the NMI entry.</summary>
    [FieldOffset(ProcessorDataLayout.NmiCount)]
    public uint NmiCount;

    /// <summary>Page table root of the host.</summary>
    [FieldOffset(ProcessorDataLayout.HostCr3)]
    public ulong HostCr3;

    /// <summary>GDTR of the host.</summary>
    [FieldOffset(ProcessorDataLayout.Gdtr)]
    public DescriptorTableRegister Gdtr;

    /// <summary>IDTR of the host.</summary>
    [FieldOffset(ProcessorDataLayout.Idtr)]
    public DescriptorTableRegister Idtr;

    /// <summary>CR4 of the host.</summary>
    [FieldOffset(ProcessorDataLayout.HostCr4)]
    public ulong HostCr4;

    /// <summary>CR0 of the host.</summary>
    [FieldOffset(ProcessorDataLayout.HostCr0)]
    public ulong HostCr0;

    /// <summary>What all processors share.</summary>
    [FieldOffset(0x130)]
    public MachineData* Machine;

    /// <summary>Local APIC ID.</summary>
    [FieldOffset(0x138)]
    public uint ApicId;

    /// <summary>Number of this processor, from 0, in the order of <see cref="MachineData.Processors"/>.</summary>
    [FieldOffset(0x13C)]
    public uint Index;

    /// <summary>Start-up state: what other processors' INIT and SIPI have asked of this one.</summary>
    [FieldOffset(0x140)]
    public StartupMailbox Startup;

    /// <summary>The guest's non-maskable interrupts.</summary>
    [FieldOffset(0x160)]
    public NmiState Nmi;

    /// <summary>The instruction the guest is executing natively with a door open, if any.</summary>
    [FieldOffset(0x180)]
    public GuestStep Step;

    /// <summary>This processor's view of the local APIC page.</summary>
    [FieldOffset(0x1E0)]
    public ApicWindow ApicWindow;

    /// <summary>Descriptors of the host: null, code, data, task state (two).</summary>
    [FieldOffset(0x220)]
    public fixed ulong Gdt[5];

    /// <summary>The generation of the memory types that this processor's nested tables have (VMX).</summary>
    [FieldOffset(0x248)]
    public uint MemoryTypeGeneration;

    /// <summary>Task state of the host.</summary>
    [FieldOffset(0x250)]
    public TaskStateSegment TaskState;

    /// <summary>The number that the next authenticated hypercall of this processor is bound to.</summary>
    [FieldOffset(0x2C0)]
    public ulong HypercallNumber;

    /// <summary>The last exits.</summary>
    [FieldOffset(0x300)]
    public ExitTrace Trace;

    /// <summary>Exits by cause.</summary>
    [FieldOffset(0x800)]
    public ExitCounters Exits;

    /// <summary>Stack of the innermost contained call; 0 outside of them. Written by the stub.</summary>
    [FieldOffset(0x900)]
    public ulong Containment;

    /// <summary>Where the last contained call failed.</summary>
    [FieldOffset(0x908)]
    public ulong ContainedRip;

    /// <summary>The exception that ended it.</summary>
    [FieldOffset(0x910)]
    public uint ContainedVector;

    /// <summary>The change of claims this processor has followed.</summary>
    [FieldOffset(0x914)]
    public uint TrapGeneration;

    /// <summary>Three pages for page tables: the way to a page whose door stands open for this processor alone.</summary>
    [FieldOffset(0x918)]
    public ulong DoorTables;

    /// <summary>Nonzero when a mediator has left the instruction that is being emulated to the guest.</summary>
    [FieldOffset(0x920)]
    public uint LeftToGuest;

    /// <summary>The sleep state that the access which is passed next enters; none but while a mediator has just said so.</summary>
    [FieldOffset(0x924)]
    public SleepState AnnouncedSleep;

    /// <summary>The inner locks of mediators that are held here: a bit for each.</summary>
    [FieldOffset(0x930)]
    public ulong HeldLocks;
}
