using System;
using Hypervisor.Core.Diagnostics;
using Hypervisor.Core.Guest.Startup;
using Hypervisor.Core.Host;
using Hypervisor.Core.Host.Sleep;
using Hypervisor.Core.Memory;
using Hypervisor.Core.Traps;

namespace Hypervisor.Core.Mediation;

/// <summary>
/// What a mediator reaches the machine through: claims, hardware, memory, the log. Everything is checked; nothing here reaches the host's own memory. To be used
/// only inside the mediator's own methods.
/// </summary>
public sealed unsafe partial class MediatorHost
{
    private const int ScratchAlignment = 16;
    private const uint ReportedRefusals = 8; // a guest that moves what is claimed does not fill the log
    private const ulong InterruptMessages = 0xFEE0_0000; // what devices write there are interrupts (Intel SDM vol 3 §10.11.1, AMD APM vol 2 §16.11)
    private const ulong LastInterruptMessage = 0xFEEF_FFFF;

    private readonly int _mediator;
    private MachineData* _machine;
    private uint _ownMemorySize;
    private uint _refusals;

    /// <summary>The host of a mediator.</summary>
    /// <param name="mediator">Its number.</param>
    public MediatorHost(int mediator)
    {
        _mediator = mediator;
    }

    /// <summary>Number of processors of the machine.</summary>
    public uint ProcessorCount => _machine->ProcessorCount;

    /// <summary>Physical address of the ACPI root pointer; 0 where the firmware has none.</summary>
    public ulong AcpiRootPointer => _machine->AcpiRootPointer;

    /// <summary>I/O base of the serial port the host writes its log to; 0 for none.</summary>
    public ushort SerialPort => _machine->SerialPort;

    /// <summary>Number of the mediator, in the order of the composition.</summary>
    public int Number => _mediator;

    /// <summary>Memory of its own, as much as <see cref="Mediator.OwnMemory"/> said, zeroed at the start. The guest cannot reach it; devices can.</summary>
    public Span<byte> OwnMemory => new((void*)OwnMemoryAddress, (int)_ownMemorySize);

    /// <summary>Physical address of <see cref="OwnMemory"/>, for devices: whole pages below 4 GiB. 0 for none.</summary>
    public ulong OwnMemoryAddress { get; private set; }

    /// <summary>The processor on which the mediator is being called; null outside of its methods.</summary>
    internal ProcessorData* Processor => _machine->Traps->Mediators[_mediator].Caller;

    /// <summary>Claims ports. Claims of several mediators may overlap: they are asked in the order in which they were made, until one does not let pass.</summary>
    /// <param name="first">First port.</param>
    /// <param name="last">Last port.</param>
    /// <param name="tag">Comes back in requests.</param>
    /// <param name="wholeOnly">
    /// Accesses that reach beyond the claim are not for this mediator. Otherwise they are split at its border.
    /// </param>
    /// <returns>False when there is no room for the claim.</returns>
    public bool ClaimPorts(ushort first, ushort last, uint tag = 0, bool wholeOnly = false)
    {
        ProcessorData* processor = Processor;
        PortClaim claim = new() { First = first, Last = last, Mediator = (byte)_mediator, Tag = tag, WholeOnly = wholeOnly };
        TrapShootdown.Lock(processor);
        bool done = PortTraps.Claim(_machine, claim);
        _ = TrapShootdown.All(processor);
        TrapShootdown.Unlock(processor);
        return done;
    }

    /// <summary>Gives claims of ports within a range back.</summary>
    public void ReleasePorts(ushort first, ushort last) => ReleasePorts(Processor, first, last);

    /// <summary>Claims physical memory. Claims of memory do not overlap.</summary>
    /// <param name="first">First byte.</param>
    /// <param name="last">Last byte.</param>
    /// <param name="tag">Comes back in requests.</param>
    /// <param name="form">Which accesses the mediator sees; without it all.</param>
    /// <returns>False, with a line in the log as long as these are few, when it cannot be claimed.</returns>
    public bool ClaimMemory(ulong first, ulong last, uint tag = 0, MemoryForm form = default)
    {
        ProcessorData* processor = Processor;
        TrapShootdown.Lock(processor);
        ClaimProblem problem = MemoryTraps.Claim(processor, new MemoryClaim { First = first, Last = last, Mediator = (byte)_mediator, Tag = tag, Form = form });
        TrapShootdown.Unlock(processor);
        if (problem != ClaimProblem.None && _refusals++ < ReportedRefusals)
        {
            Log(LogLevel.Error).Text("memory "u8).Hex(first).Text(" to "u8).Hex(last).Text(" cannot be claimed: "u8).Text(ClaimProblemText.Of(problem)).End();
        }

        return problem == ClaimProblem.None;
    }

    /// <summary>Gives claims of memory within a range back.</summary>
    public void ReleaseMemory(ulong first, ulong last) => ReleaseMemory(Processor, first, last);

    /// <summary>Claims reads and writes of an MSR. What the host itself needs of an MSR comes before.</summary>
    /// <returns>False when there is no room for the claim.</returns>
    public bool ClaimMsr(uint msr)
    {
        ProcessorData* processor = Processor;
        TrapShootdown.Lock(processor);
        bool done = _machine->Traps->Msrs.Add(msr, _mediator);
        Virtualization.TrapMsr(_machine, msr, _machine->Traps->Msrs.Find(msr) != 0);
        _ = TrapShootdown.All(processor);
        TrapShootdown.Unlock(processor);
        return done;
    }

    /// <summary>Gives the claim of an MSR back.</summary>
    public void ReleaseMsr(uint msr) => ReleaseMsr(Processor, msr);

    /// <summary>Claims a leaf of CPUID.</summary>
    /// <returns>False when there is no room for the claim.</returns>
    public bool ClaimCpuid(uint leaf)
    {
        ProcessorData* processor = Processor;
        TrapShootdown.Lock(processor);
        bool done = _machine->Traps->Cpuid.Add(leaf, _mediator);
        NoteCpuidClaims();
        TrapShootdown.Unlock(processor);
        return done;
    }

    /// <summary>Gives the claim of a leaf back.</summary>
    public void ReleaseCpuid(uint leaf) => ReleaseCpuid(Processor, leaf);

    /// <summary>
    /// Claims interrupt commands, or gives the claim back. They are seen while processors may be started, which is as long as the host traps them for itself.
    /// </summary>
    /// <param name="claim">Whether to claim them.</param>
    /// <param name="forEver">The trap stays as long as the machine runs: every interrupt one processor sends another is an exit. Cannot be taken back.</param>
    public void ClaimInterruptCommands(bool claim, bool forEver = false)
    {
        _machine->KeepApicTrap |= claim && forEver;
        uint bit = 1u << _mediator;
        ProcessorData* processor = Processor;
        TrapShootdown.Lock(processor);
        _machine->Traps->InterruptCommands = claim ? _machine->Traps->InterruptCommands | bit : _machine->Traps->InterruptCommands & ~bit;
        TrapShootdown.Unlock(processor);
    }

    /// <summary>Reads a port.</summary>
    /// <param name="port">First port.</param>
    /// <param name="size">1, 2 or 4 bytes.</param>
    public uint ReadPort(ushort port, int size) => PortIo.Read(port, size);

    /// <summary>Writes a port.</summary>
    /// <param name="port">First port.</param>
    /// <param name="size">1, 2 or 4 bytes.</param>
    /// <param name="value">The value.</param>
    public void WritePort(ushort port, int size, uint value) => PortIo.Write(port, size, value);

    /// <summary>Reads a device register in memory, in one piece.</summary>
    /// <param name="address">Physical address.</param>
    /// <param name="size">1, 2, 4 or 8 bytes.</param>
    /// <returns>The value; all ones for what is the host's.</returns>
    public ulong ReadDevice(ulong address, int size) => IsGuests(address, (ulong)size) ? MemoryIo.Read(address, size) : ulong.MaxValue;

    /// <summary>Writes a device register in memory, in one piece; what is the host's is left alone.</summary>
    /// <param name="address">Physical address.</param>
    /// <param name="size">1, 2, 4 or 8 bytes.</param>
    /// <param name="value">The value.</param>
    public void WriteDevice(ulong address, int size, ulong value)
    {
        if (IsGuests(address, (ulong)size))
        {
            MemoryIo.Write(address, size, value);
        }
    }

    /// <summary>The guest's physical memory, as it is: tables of the firmware, buffers, descriptors. The guest may change it at any moment.</summary>
    /// <param name="address">First byte.</param>
    /// <param name="length">Number of bytes.</param>
    /// <returns>
    /// Empty where any of it is the host's, or beyond what exists; or is no memory, but registers: claimed by a mediator, the local APIC's, where interrupts are sent to, or
    /// below 4 GiB and not among what the firmware calls memory.
    /// </returns>
    public Span<byte> Memory(ulong address, int length) =>
        length > 0 && IsGuests(address, (ulong)length) && IsMemory(address, address + (ulong)length - 1) ? new Span<byte>((void*)GuestAddress(address), length) : default;

    /// <summary>
    /// Memory to work in, in <see cref="Mediator.Attach"/> and <see cref="Mediator.ExitBootServices"/>; what is in it is gone afterwards. It is the firmware's, so
    /// nothing in it is a secret, and it is not cleared.
    /// </summary>
    /// <typeparam name="T">What it is to hold.</typeparam>
    /// <param name="used">Bytes taken of it so far: 0 at first, moved on.</param>
    /// <param name="count">Number of elements wanted.</param>
    /// <returns>As many as there is room for.</returns>
    public Span<T> Scratch<T>(scoped ref int used, int count)
        where T : unmanaged
    {
        const int MostBytes = 1 << 30;
        int size = (int)Math.Min(_machine->ScratchSize, MostBytes);
        int room = used < 0 || used >= size ? 0 : (size - used) / sizeof(T);
        int taken = Math.Min(room, count);
        if (taken <= 0 || !IsGuests(_machine->Scratch, (ulong)size))
        {
            return default;
        }

        Span<T> memory = new((void*)(GuestAddress(_machine->Scratch) + (ulong)used), taken);
        used += ((taken * sizeof(T)) + ScratchAlignment - 1) & ~(ScratchAlignment - 1);
        return memory;
    }

    /// <summary>
    /// Says that the access which is passed next, by <see cref="Verdict.Pass"/>, enters a sleep state, switches the machine off or resets it. Mediators are told before it
    /// reaches the hardware, and again should the machine be awake after all.
    /// </summary>
    public void AnnounceSleep(SleepState state) => Processor->AnnouncedSleep = state;

    /// <summary>Notes where the guest wants to be woken from S3, and says where the firmware has to wake the host instead.</summary>
    /// <param name="wakingPoint">The guest's waking vector.</param>
    /// <param name="vector">What goes into the firmware waking vector in its place: a physical address below 1 MiB.</param>
    /// <returns>False when the host cannot be woken: it has no page below 1 MiB.</returns>
    public bool TrySetWakingPoint(StartPoint wakingPoint, out uint vector)
    {
        vector = (uint)_machine->LowPage;
        if (!SystemSleep.CanWake(_machine))
        {
            return false;
        }

        _machine->Sleep.WakingPoint = wakingPoint;
        _machine->Sleep.HasWakingPoint = true;
        return true;
    }

    /// <summary>Begins a line of the log, with the mediator's name before it.</summary>
    public LogLine Log(LogLevel level)
    {
        ProcessorData* processor = Processor;
        return Diagnostics.Log.Begin(level, processor == null ? 0 : processor->Index).Text(MediatorObjects.Mediator(_mediator).Name).Text(": "u8);
    }

    /// <summary>Opens the machine to the mediator.</summary>
    /// <param name="machine">The machine.</param>
    /// <param name="ownMemory">Address of the mediator's own memory; 0 for none.</param>
    /// <param name="ownMemorySize">Its bytes.</param>
    internal void Open(MachineData* machine, ulong ownMemory, uint ownMemorySize)
    {
        _machine = machine;
        OwnMemoryAddress = ownMemory;
        _ownMemorySize = ownMemorySize;
    }

    /// <summary>Gives back whatever is claimed.</summary>
    internal void ReleaseAll(ProcessorData* processor)
    {
        ReleasePorts(processor, 0, ushort.MaxValue);
        ReleaseMemory(processor, 0, ulong.MaxValue);
        while (_machine->Traps->Msrs.TryFindAny(_mediator, out uint msr))
        {
            ReleaseMsr(processor, msr);
        }

        while (_machine->Traps->Cpuid.TryFindAny(_mediator, out uint leaf))
        {
            ReleaseCpuid(processor, leaf);
        }

        _machine->Traps->InterruptCommands &= ~(1u << _mediator);
    }

    private static ulong GuestAddress(ulong physical) => (ulong)GuestView.Pointer(physical);

    private void ReleasePorts(ProcessorData* processor, ushort first, ushort last)
    {
        TrapShootdown.Lock(processor);
        if (PortTraps.Release(_machine, _mediator, first, last))
        {
            _ = TrapShootdown.All(processor);
        }

        TrapShootdown.Unlock(processor);
    }

    private void ReleaseMemory(ProcessorData* processor, ulong first, ulong last)
    {
        TrapShootdown.Lock(processor);
        MemoryTraps.Release(processor, _mediator, first, last);
        TrapShootdown.Unlock(processor);
    }

    private void ReleaseMsr(ProcessorData* processor, uint msr)
    {
        TrapShootdown.Lock(processor);
        _ = _machine->Traps->Msrs.Remove(msr, _mediator);
        Virtualization.TrapMsr(_machine, msr, _machine->Traps->Msrs.Find(msr) != 0);
        _ = TrapShootdown.All(processor);
        TrapShootdown.Unlock(processor);
    }

    private void ReleaseCpuid(ProcessorData* processor, uint leaf)
    {
        TrapShootdown.Lock(processor);
        _ = _machine->Traps->Cpuid.Remove(leaf, _mediator);
        NoteCpuidClaims();
        TrapShootdown.Unlock(processor);
    }

    private void NoteCpuidClaims() => _machine->CpuidClaimed = _machine->Traps->Cpuid.Count != 0 ? 1u : 0;

    private bool IsMemory(ulong first, ulong last)
    {
        ulong apic = _machine->Processors[0].Data->ApicWindow.Page;
        bool isApic = apic != 0 && first <= (apic | (PageSizes.Size4K - 1)) && last >= apic;
        bool isInterrupt = first <= LastInterruptMessage && last >= InterruptMessages;
        bool mayBe = first > uint.MaxValue || !_machine->Memory->IsKnown || _machine->Memory->Holds(first, last); // above, memory may have been plugged in since
        return mayBe && !isApic && !isInterrupt && !_machine->Traps->Memory.Touches(first, last, out _);
    }

    private bool IsGuests(ulong address, ulong length)
    {
        ulong end = 1UL << Math.Min(_machine->PhysicalAddressBits, GuestView.AddressBits);
        return address < end && length <= end - address
            && (address >= _machine->RegionBase + _machine->RegionSize || address + length <= _machine->RegionBase);
    }
}
