using System.Runtime.CompilerServices;
using Hypervisor.Core.Cpu;
using Hypervisor.Core.Host;
using Hypervisor.Core.Host.Sleep;
using Hypervisor.Core.Mediation;

namespace Hypervisor.Core.Traps;

/// <summary>
/// The doorways of ports. Each port knows the set of claims it belongs to, so an access finds them in one step, however many mediators there are.
/// </summary>
public static unsafe class PortTraps
{
    private const int Ports = 0x10000;
    private const int Sets = 256;

    /// <summary>Lets mediators decide about an access, and makes it where they let it pass.</summary>
    /// <param name="processor">The processor.</param>
    /// <param name="port">First port.</param>
    /// <param name="size">1, 2 or 4 bytes.</param>
    /// <param name="isWrite">OUT.</param>
    /// <param name="value">What is written, or where what was read goes.</param>
    /// <param name="isString">Whether the data are in memory: INS, OUTS.</param>
    /// <returns>False when the guest shall execute the instruction itself: nothing has been done.</returns>
    public static bool Access(ProcessorData* processor, ushort port, int size, bool isWrite, ref uint value, bool isString = false)
    {
        TrapTables* tables = processor->Machine->Traps;
        ulong claims = ClaimsOf(tables, port, size);
        if (claims == 0)
        {
            Hardware(port, size, isWrite, ref value);
            return true;
        }

        return IsStraddling(tables, claims, port, size)
            ? Split(processor, port, size, isWrite, isString, ref value)
            : Offer(processor, claims, port, size, isWrite, isString, ref value);
    }

    /// <summary>Claims ports for a mediator. Called with the lock held.</summary>
    /// <returns>False when there is no room for the claim.</returns>
    public static bool Claim(MachineData* machine, PortClaim claim)
    {
        TrapTables* tables = machine->Traps;
        int number = 0;
        while (number < TrapTables.MaximumPortClaims && tables->PortClaims[number].IsUsed)
        {
            number++;
        }

        if (number == TrapTables.MaximumPortClaims || claim.Last < claim.First)
        {
            return false;
        }

        claim.IsUsed = true;
        tables->PortClaims[number] = claim;
        for (int port = claim.First; port <= claim.Last; port++)
        {
            if (!Change(tables, port, tables->PortSets[tables->Ports[port]] | (1UL << number)))
            {
                Release(machine, number);
                return false;
            }

            IoPermissionMap.Set(machine->IoPermissionMap, (ushort)port, traps: true);
        }

        return true;
    }

    /// <summary>Takes a mediator's claims of ports away: all, or those within a range. Called with the lock held.</summary>
    /// <returns>Whether there were any: then processors have to follow.</returns>
    public static bool Release(MachineData* machine, int mediator, ushort first, ushort last)
    {
        bool any = false;
        for (int i = 0; i < TrapTables.MaximumPortClaims; i++)
        {
            PortClaim* claim = machine->Traps->PortClaims + i;
            if (claim->IsUsed && claim->Mediator == mediator && claim->First >= first && claim->Last <= last)
            {
                Release(machine, i);
                any = true;
            }
        }

        return any;
    }

    /// <summary>A mediator's claims of a port, as a set.</summary>
    public static ulong ClaimsOf(MachineData* machine, ushort port, int mediator)
    {
        TrapTables* tables = machine->Traps;
        ulong own = 0;
        for (ulong claims = tables->PortSets[tables->Ports[port]]; claims != 0; claims &= claims - 1)
        {
            int number = BitScan.Lowest(claims);
            own |= tables->PortClaims[number].Mediator == mediator ? 1UL << number : 0;
        }

        return own;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static ulong ClaimsOf(TrapTables* tables, ushort port, int size)
    {
        ulong claims = tables->PortSets[tables->Ports[port]];
        for (int i = 1; i < size && port + i < Ports; i++)
        {
            claims |= tables->PortSets[tables->Ports[port + i]];
        }

        return claims;
    }

    private static bool IsStraddling(TrapTables* tables, ulong claims, ushort port, int size)
    {
        for (; claims != 0; claims &= claims - 1)
        {
            PortClaim* claim = tables->PortClaims + BitScan.Lowest(claims);
            if (!claim->Contains(port, size) && !claim->WholeOnly)
            {
                return true;
            }
        }

        return false;
    }

    /// <summary>An access across a claim's border becomes two halves, as a bus without such a wide device would make it.</summary>
    private static bool Split(ProcessorData* processor, ushort port, int size, bool isWrite, bool isString, ref uint value)
    {
        int half = size / 2;
        int bits = half * 8;
        uint low = value;
        uint high = value >> bits;
        ushort upper = (ushort)(port + half);
        if (!Access(processor, port, half, isWrite, ref low, isString))
        {
            return false;
        }

        if (!Access(processor, upper, half, isWrite, ref high, isString))
        {
            Hardware(upper, half, isWrite, ref high); // the lower half has been done: the guest cannot do it again
        }

        value = (low & PortIo.Ones(half)) | (high << bits);
        return true;
    }

    private static bool Offer(ProcessorData* processor, ulong claims, ushort port, int size, bool isWrite, bool isString, ref uint value)
    {
        TrapTables* tables = processor->Machine->Traps;
        for (; claims != 0; claims &= claims - 1)
        {
            PortClaim* claim = tables->PortClaims + BitScan.Lowest(claims);
            if (!claim->Contains(port, size))
            {
                continue;
            }

            PortRequest request = new()
            {
                Tag = claim->Tag, Processor = processor->Index, Port = port, Size = size, IsWrite = isWrite, IsString = isString, Value = value,
            };
            switch (MediatorCalls.Port(processor, claim->Mediator, &request))
            {
                case Verdict.Done:
                    value = request.Value;
                    return true;
                case Verdict.Deny:
                    value = PortIo.Ones(size);
                    return true;
                case Verdict.Guest:
                    return false;
                default:
                    value = request.Value;
                    break;
            }
        }

        if (processor->AnnouncedSleep != default)
        {
            SleepState state = SystemSleep.Prepare(processor);
            Hardware(port, size, isWrite, ref value);
            SystemSleep.Finish(processor, state);
            return true;
        }

        Hardware(port, size, isWrite, ref value);
        return true;
    }

    private static void Hardware(ushort port, int size, bool isWrite, ref uint value)
    {
        if (isWrite)
        {
            PortIo.Write(port, size, value);
        }
        else
        {
            value = PortIo.Read(port, size);
        }
    }

    private static void Release(MachineData* machine, int number)
    {
        TrapTables* tables = machine->Traps;
        PortClaim* claim = tables->PortClaims + number;
        for (int port = claim->First; port <= claim->Last; port++)
        {
            ulong left = tables->PortSets[tables->Ports[port]] & ~(1UL << number);
            _ = Change(tables, port, left); // there is room: one set less is in use
            IoPermissionMap.Set(machine->IoPermissionMap, (ushort)port, left != 0 || IoPermissionMap.HostTraps(machine, (ushort)port));
        }

        claim->IsUsed = false;
    }

    /// <summary>Makes a port belong to a set of claims, which gets a number where it has none.</summary>
    private static bool Change(TrapTables* tables, int port, ulong claims)
    {
        if (claims == 0)
        {
            tables->Ports[port] = 0;
            return true;
        }

        int free = 0;
        for (int set = 1; set < Sets; set++)
        {
            if (tables->PortSets[set] == claims)
            {
                tables->Ports[port] = (byte)set;
                return true;
            }

            free = free == 0 && tables->PortSets[set] == 0 ? set : free;
        }

        free = free == 0 ? FindAbandoned(tables) : free;
        if (free != 0)
        {
            tables->PortSets[free] = claims;
            tables->Ports[port] = (byte)free;
        }

        return free != 0;
    }

    /// <summary>A set no port belongs to any more; 0 for none.</summary>
    private static int FindAbandoned(TrapTables* tables)
    {
        for (int set = 1; set < Sets; set++)
        {
            int port = 0;
            while (port < Ports && tables->Ports[port] != set)
            {
                port++;
            }

            if (port == Ports)
            {
                return set;
            }
        }

        return 0;
    }
}
