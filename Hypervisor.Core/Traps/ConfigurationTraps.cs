using System.Runtime.CompilerServices;
using Hypervisor.Core.Cpu;
using Hypervisor.Core.Guest.Exits;
using Hypervisor.Core.Host;
using Hypervisor.Core.Mediation;

namespace Hypervisor.Core.Traps;

/// <summary>
/// The short ways through the ports of PCI configuration space and through its window, for what the mediator that stands there would let pass without a look. At the ports it is taken before the
/// guest's vector registers are saved, so nothing here may touch them.
/// </summary>
public static unsafe class ConfigurationTraps
{
    /// <summary>No value: nothing has been done.</summary>
    public const long NotDone = -1;

    private const int PairMask = 7;
    private const int DataBit = 4;
    private const int FunctionShift = 8;
    private const uint FunctionMask = 0xFFFF;
    private const uint RegisterMask = 0xFC;
    private const uint ShapeMask = 0xFF00_0003;
    private const uint PlainShape = 0x8000_0000; // enabled, and no reserved bit set
    private const int WindowFunctionShift = 12;
    private const int WindowOffsetMask = 0xFFF;
    private const int LaneMask = 3;
    private const ushort Nobody = 0xFFFF; // the vendor ID where no function answers (PCI 3.0 §6.1)

    /// <summary>Whether a port is one of the pair's.</summary>
    public static bool IsPair(ushort port) => (port & ~PairMask) == ConfigurationPorts.AddressPort;

    /// <summary>Makes an access.</summary>
    /// <param name="processor">The processor.</param>
    /// <param name="access">The access: to one of the pair, without a string.</param>
    /// <param name="value">What is written.</param>
    /// <returns>What was read or written; <see cref="NotDone"/> when nothing has been done: it is for <see cref="PortTraps"/>.</returns>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static long TryAccess(ProcessorData* processor, PortAccess access, uint value) =>
        (access.Port & DataBit) == 0 ? TryLatch(processor, access, value) : TryData(processor, access, value);

    /// <summary>Makes an access to the window.</summary>
    /// <param name="processor">The processor.</param>
    /// <param name="address">Physical address, in the window as <see cref="ConfigurationPorts.IsInWindow"/> sees it.</param>
    /// <param name="size">1, 2, 4 or 8 bytes.</param>
    /// <param name="isWrite">Whether it is a write.</param>
    /// <param name="value">What is written, or where what was read goes.</param>
    /// <returns>False when nothing has been done: it is for the mediator.</returns>
    public static bool TryWindow(ProcessorData* processor, ulong address, int size, bool isWrite, ref ulong value)
    {
        TrapTables* tables = processor->Machine->Traps;
        ConfigurationPorts* ports = tables->Configuration;
        if (((int)address & LaneMask) + size > sizeof(uint) || !IsAttached(tables, ports) || Instructions.CompareExchange(ports->Lock, 1, 0) != 0)
        {
            return false;
        }

        bool done = ports->IsOpen && ports->IsInWindow(address) && TryPass(ports, address, size, isWrite, ref value);
        Instructions.Exchange(ports->Lock, 0);
        return done;
    }

    /// <summary>The address port: what is written there is kept.</summary>
    private static long TryLatch(ProcessorData* processor, PortAccess access, uint value)
    {
        TrapTables* tables = processor->Machine->Traps;
        ConfigurationPorts* ports = tables->Configuration;
        if (access.Port != ConfigurationPorts.AddressPort || access.Size != sizeof(uint) || access.IsIn || !IsInPlace(tables, ports)
            || tables->PortSets[tables->Ports[ConfigurationPorts.AddressPort]] != ports->AddressClaims)
        {
            return NotDone;
        }

        ports->Latch = value;
        return value;
    }

    private static long TryData(ProcessorData* processor, PortAccess access, uint value)
    {
        TrapTables* tables = processor->Machine->Traps;
        ConfigurationPorts* ports = tables->Configuration;
        uint latch = ports->Latch;
        if ((latch & ShapeMask) != PlainShape || access.Port + access.Size - 1 > ConfigurationPorts.DataPortEnd || !IsInPlace(tables, ports)
            || tables->PortSets[tables->Ports[access.Port]] != ports->DataClaims || Instructions.CompareExchange(ports->Lock, 1, 0) != 0)
        {
            return NotDone;
        }

        // Nobody changes what passes from here on; and what is asked is what is done, whatever the guest's other processors write meanwhile.
        long result = ports->IsOpen && !ports->IsUnknown ? TryPass(ports, latch, access, value) : NotDone;
        Instructions.Exchange(ports->Lock, 0);
        return result;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static bool IsInPlace(TrapTables* tables, ConfigurationPorts* ports) =>
        !ports->IsUnknown && IsAttached(tables, ports);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static bool IsAttached(TrapTables* tables, ConfigurationPorts* ports) =>
        ports->IsOpen && tables->Mediators[ports->Owner].State == MediatorState.Attached;

    /// <summary>Whether an access needs no look; or, where nobody is known, whether it asks for somebody.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static bool MayPass(ConfigurationPassage passage, bool isIdentity, bool isWrite) =>
        passage == ConfigurationPassage.Unknown ? isIdentity && !isWrite : !isIdentity && passage != ConfigurationPassage.None && (!isWrite || passage == ConfigurationPassage.All);

    private static bool TryPass(ConfigurationPorts* ports, ulong address, int size, bool isWrite, ref ulong value)
    {
        ulong offset = address - ports->WindowFirst;
        ConfigurationPassage passage = ports->Passage((uint)(offset >> WindowFunctionShift) + ports->WindowFunction);
        int register = (int)offset & WindowOffsetMask;
        bool asks = passage == ConfigurationPassage.Unknown;
        if (!MayPass(passage, register < sizeof(uint), isWrite) || (asks && (register != 0 || size < sizeof(ushort))))
        {
            return false;
        }

        ulong seen = value;
        MemoryIo.Access(address, size, isWrite, ref seen);
        if (asks && (ushort)seen != Nobody)
        {
            return false;
        }

        value = seen;
        ports->Passed++;
        return true;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static long TryPass(ConfigurationPorts* ports, uint latch, PortAccess access, uint value)
    {
        ConfigurationPassage passage = ports->Passage(latch >> FunctionShift & FunctionMask);
        bool asks = passage == ConfigurationPassage.Unknown;
        if (!MayPass(passage, (latch & RegisterMask) == 0, !access.IsIn) || (asks && (access.Port != ConfigurationPorts.DataPort || access.Size == sizeof(byte))))
        {
            return NotDone;
        }

        if (ports->Hardware != latch)
        {
            Instructions.Out32(ConfigurationPorts.AddressPort, latch);
            ports->Hardware = latch;
        }

        if (access.IsIn)
        {
            value = access.Size == sizeof(uint) ? Instructions.In32(access.Port) : PortIo.Read(access.Port, access.Size);
            if (asks && (ushort)value != Nobody)
            {
                return NotDone; // who answers has to be looked at
            }
        }
        else
        {
            PortIo.Write(access.Port, access.Size, value);
        }

        ports->Passed++;
        return value;
    }
}
