using System.Runtime;
using System.Runtime.CompilerServices;
using Hypervisor.Core.Cpu;

namespace Hypervisor.Guests.Probe.Execution;

/// <summary>The probe's own machine code, written by GuestStubs.</summary>
public static unsafe class Stubs
{
    /// <summary>Runs code from a context; returns when a handler leaves it.</summary>
    [RuntimeImport("*", "probe_Run")]
    [MethodImpl(MethodImplOptions.InternalCall)]
    public static extern void Run(RunContext* context);

    /// <summary>Gives up what runs and returns to the caller of <see cref="Run"/>.</summary>
    [RuntimeImport("*", "probe_Leave")]
    [MethodImpl(MethodImplOptions.InternalCall)]
    public static extern void Leave(RunContext* context);

    /// <summary>The entry of vector 0.</summary>
    [RuntimeImport("*", "probe_Entries")]
    [MethodImpl(MethodImplOptions.InternalCall)]
    public static extern byte* Entries();

    /// <summary>The table of snippets: offset from here and length of each.</summary>
    [RuntimeImport("*", "probe_Snippets")]
    [MethodImpl(MethodImplOptions.InternalCall)]
    public static extern uint* Snippets();

    /// <summary>The parts of the round trip through the modes.</summary>
    [RuntimeImport("*", "probe_TripCode")]
    [MethodImpl(MethodImplOptions.InternalCall)]
    public static extern void TripCode(TripCode* code);

    /// <summary>The round trip through the modes.</summary>
    [RuntimeImport("*", "probe_Trip")]
    [MethodImpl(MethodImplOptions.InternalCall)]
    public static extern void Trip(byte* block);

    /// <summary>The parts of the task-switch check.</summary>
    [RuntimeImport("*", "probe_TaskCode")]
    [MethodImpl(MethodImplOptions.InternalCall)]
    public static extern void TaskCode(TaskCode* code);

    /// <summary>LGDT, LIDT, and new CS, SS, DS and ES.</summary>
    [RuntimeImport("*", "probe_LoadTables")]
    [MethodImpl(MethodImplOptions.InternalCall)]
    public static extern void LoadTables(DescriptorTableRegister* gdt, DescriptorTableRegister* idt, ushort code, ushort data);

    /// <summary>LTR.</summary>
    [RuntimeImport("*", "probe_LoadTask")]
    [MethodImpl(MethodImplOptions.InternalCall)]
    public static extern void LoadTask(ushort selector);

    /// <summary>MOV to CR3.</summary>
    [RuntimeImport("*", "probe_WriteCr3")]
    [MethodImpl(MethodImplOptions.InternalCall)]
    public static extern void WriteCr3(ulong value);

    /// <summary>STI.</summary>
    [RuntimeImport("*", "probe_EnableInterrupts")]
    [MethodImpl(MethodImplOptions.InternalCall)]
    public static extern void EnableInterrupts();

    /// <summary>MOV to DR0.</summary>
    [RuntimeImport("*", "probe_WriteDr0")]
    [MethodImpl(MethodImplOptions.InternalCall)]
    public static extern void WriteDr0(ulong value);

    /// <summary>MOV to DR1.</summary>
    [RuntimeImport("*", "probe_WriteDr1")]
    [MethodImpl(MethodImplOptions.InternalCall)]
    public static extern void WriteDr1(ulong value);

    /// <summary>MOV to DR6.</summary>
    [RuntimeImport("*", "probe_WriteDr6")]
    [MethodImpl(MethodImplOptions.InternalCall)]
    public static extern void WriteDr6(ulong value);

    /// <summary>MOV to DR7.</summary>
    [RuntimeImport("*", "probe_WriteDr7")]
    [MethodImpl(MethodImplOptions.InternalCall)]
    public static extern void WriteDr7(ulong value);
}
