using System.Text;
using Hypervisor.Core.Cpu;
using Hypervisor.Core.Vmx;
using Xunit;

namespace Hypervisor.Tests.Models;

/// <summary>
/// A machine of Intel processors with the host in it. Exits fill the VMCS as the processor does, and before every entry the VMCS is checked as the processor
/// checks it.
/// </summary>
internal sealed unsafe class IntelMachine : SimulatedMachine
{
    internal const string Skylake = "i7-6700K (Skylake)";
    internal const uint InstructionLength = 3;

    private const uint ValidBit = 1u << 31;
    private const uint NmiInformation = 0x8000_0202;
    private const uint AddressSizeLeaf = 0x8000_0008;

    internal IntelMachine(MachineOptions? options = null)
        : base(Complete(options ?? new MachineOptions()))
    {
    }

    /// <summary>The event that the next exit finds undelivered: information and error code.</summary>
    internal (uint Information, uint ErrorCode) Interrupted { get; set; }

    /// <summary>The event that causes the next exit: information and error code.</summary>
    internal (uint Information, uint ErrorCode) Arrived { get; set; }

    /// <summary>The event that processor 0 enters the guest with: 0 for none.</summary>
    internal uint Injected => InjectedBy(0);

    internal uint InjectedErrorCode => Get(VmcsField32.EntryExceptionErrorCode);

    internal ulong Rip
    {
        get => Get(VmcsFieldNatural.GuestRip);
        set => Set(VmcsFieldNatural.GuestRip, value);
    }

    internal ulong Flags
    {
        get => Get(VmcsFieldNatural.GuestRFlags);
        set => Set(VmcsFieldNatural.GuestRFlags, value);
    }

    internal VmxInterruptibility Blocking
    {
        get => (VmxInterruptibility)Get(VmcsField32.GuestInterruptibility);
        set => Set(VmcsField32.GuestInterruptibility, (uint)value);
    }

    internal VmxPendingDebug PendingDebug
    {
        get => (VmxPendingDebug)Get(VmcsFieldNatural.GuestPendingDebug);
        set => Set(VmcsFieldNatural.GuestPendingDebug, (ulong)value);
    }

    internal bool WaitsForNmiWindow => ((PrimaryControls)Get(VmcsField32.PrimaryControls) & PrimaryControls.NmiWindowExiting) != 0;

    internal uint InjectedBy(int index)
    {
        uint information = Get(VmcsField32.EntryInterruptionInformation, index);
        return (information & ValidBit) != 0 ? information : 0;
    }

    internal ushort Get(VmcsField16 field, int index = 0) => (ushort)Processors[index].Vmcs[(uint)field];

    internal uint Get(VmcsField32 field, int index = 0) => (uint)Processors[index].Vmcs[(uint)field];

    internal ulong Get(VmcsField64 field, int index = 0) => Processors[index].Vmcs[(uint)field];

    internal ulong Get(VmcsFieldNatural field, int index = 0) => Processors[index].Vmcs[(uint)field];

    internal void Set(VmcsField32 field, uint value, int index = 0) => Processors[index].Vmcs[(uint)field] = value;

    internal void Set(VmcsField64 field, ulong value, int index = 0) => Processors[index].Vmcs[(uint)field] = value;

    internal void Set(VmcsFieldNatural field, ulong value, int index = 0) => Processors[index].Vmcs[(uint)field] = value;

    /// <summary>An exit as the exit stub deals with it: the short way if that will do, else the long one.</summary>
    internal void Exit(VmxExitReason reason, ulong qualification = 0, ulong physical = 0, uint length = InstructionLength, int index = 0)
    {
        if (!ExitShortly(reason, qualification, physical, length, index))
        {
            VmxExit.Handle(this[index]);
            Enter(index);
        }
    }

    /// <summary>An exit for which only the short way is tried.</summary>
    /// <returns>Whether it did.</returns>
    internal bool ExitShortly(VmxExitReason reason, ulong qualification = 0, ulong physical = 0, uint length = InstructionLength, int index = 0)
    {
        Leave(reason, qualification, physical, length, index);
        bool done = VmxExit.TryFast(this[index], (uint)reason) != 0;
        if (done)
        {
            Enter(index);
        }

        return done;
    }

    /// <summary>An exit that goes the long way.</summary>
    internal void ExitFully(VmxExitReason reason, ulong qualification = 0, ulong physical = 0, uint length = InstructionLength, int index = 0)
    {
        Leave(reason, qualification, physical, length, index);
        VmxExit.Handle(this[index]);
        Enter(index);
    }

    /// <summary>A non-maskable interrupt while the guest runs.</summary>
    internal void ExitByNmi(int index = 0)
    {
        Arrived = (NmiInformation, 0);
        Exit(VmxExitReason.ExceptionOrNmi, index: index);
    }

    /// <summary>An access that the extended page tables do not let pass.</summary>
    internal void ExitByMemory(ulong address, ulong qualification = 0x182, int index = 0) =>
        Exit(VmxExitReason.EptViolation, qualification, address, index: index);

    /// <summary>What the stub does before it enters: NMIs that came while the host ran. Then the processor checks the VMCS.</summary>
    internal void Enter(int index = 0)
    {
        while (this[index]->NmiCount != this[index]->Nmi.Seen)
        {
            VmxNmi.ArrivedInHost(this[index]);
        }

        if (Processors[index].Halts == 0)
        {
            Assert.Equal("", Violation(index));
        }
    }

    /// <summary>Why the processor would refuse the VMCS; empty where it would not.</summary>
    internal string Violation(int index = 0)
    {
        Instructions.Processor = Processors[index];
        VmcsViolation found = VmcsCheck.Violation();
        return found.Exists ? $"{Encoding.UTF8.GetString(found.Field)}: {Encoding.UTF8.GetString(found.Rule)}" : "";
    }

    /// <summary>Makes a processor one that the host has taken over and that the guest has started at <paramref name="vector"/>.</summary>
    internal void Start(int index, byte vector = 0x9A)
    {
        this[index]->Startup.Request = 0x300u | vector;
        IProcessor? before = Instructions.Processor;
        Instructions.Processor = Processors[index];
        VmxStartup.Arrive(this[index]);
        Enter(index);
        Instructions.Processor = before;
    }

    /// <summary>What maps a guest-physical address for a processor.</summary>
    internal EptWalk.Mapping Ept(ulong address, int index = 0) =>
        EptWalk.Find(Get(VmcsField64.EptPointer, index) & ~0xFFFul, address, Options.AddressBits);

    /// <summary>The exit itself (Intel SDM vol 3 §27.2): what the host can read afterwards, and the event of the last entry is gone.</summary>
    private void Leave(VmxExitReason reason, ulong qualification, ulong physical, uint length, int index)
    {
        SimulatedVmcs vmcs = Processors[index].Vmcs;
        vmcs[(uint)VmcsField32.EntryInterruptionInformation] &= ~ValidBit;
        vmcs[(uint)VmcsField32.ExitReason] = (uint)reason;
        vmcs[(uint)VmcsFieldNatural.ExitQualification] = qualification;
        vmcs[(uint)VmcsField64.GuestPhysicalAddress] = physical;
        vmcs[(uint)VmcsField32.ExitInstructionLength] = length;
        vmcs[(uint)VmcsField32.IdtVectoringInformation] = Interrupted.Information;
        vmcs[(uint)VmcsField32.IdtVectoringErrorCode] = Interrupted.ErrorCode;
        vmcs[(uint)VmcsField32.ExitInterruptionInformation] = Arrived.Information;
        vmcs[(uint)VmcsField32.ExitInterruptionErrorCode] = Arrived.ErrorCode;
        Interrupted = default;
        Arrived = default;
        Instructions.Processor = Processors[index];
    }

    private static MachineOptions Complete(MachineOptions options)
    {
        ProcessorDump kind = options.Intel ?? ProcessorDump.Of(Skylake);
        return options with { Intel = kind, AddressBits = (byte)kind.Table().Get(AddressSizeLeaf, 0).Eax };
    }
}
