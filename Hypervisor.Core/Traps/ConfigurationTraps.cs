using System.Runtime.CompilerServices;
using Hypervisor.Core.Cpu;
using Hypervisor.Core.Guest.Exits;
using Hypervisor.Core.Host;
using Hypervisor.Core.Mediation;

namespace Hypervisor.Core.Traps;

/// <summary>
/// The short way through the ports of PCI configuration space, for what the mediator that stands there would let pass without a look. Called before the guest's vector registers are
/// saved, so nothing here may touch them.
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
        ports->IsOpen && !ports->IsUnknown && tables->Mediators[ports->Owner].State == MediatorState.Attached;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static long TryPass(ConfigurationPorts* ports, uint latch, PortAccess access, uint value)
    {
        ConfigurationPassage passage = ports->Passage(latch >> FunctionShift & FunctionMask);
        bool isIdentity = (latch & RegisterMask) == 0;
        if (passage == ConfigurationPassage.Unknown)
        {
            // The question whether anybody is there: who answers has to be looked at.
            if (!isIdentity || !access.IsIn || access.Port != ConfigurationPorts.DataPort || access.Size == sizeof(byte))
            {
                return NotDone;
            }
        }
        else if (isIdentity || passage == ConfigurationPassage.None || (!access.IsIn && passage != ConfigurationPassage.All))
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
            if (passage == ConfigurationPassage.Unknown && (ushort)value != Nobody)
            {
                return NotDone;
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
