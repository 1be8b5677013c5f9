using Hypervisor.Control.Calls;
using Hypervisor.Core.Cpu;

namespace Hypervisor.Control.Platform.Efi;

/// <summary>
/// The hypercall from inside the firmware. Where nobody answers it is an undefined instruction, which would be the firmware's end: for the one instruction the
/// processor gets a copy of the firmware's interrupt descriptor table in which vector 6 is ours.
/// </summary>
internal static unsafe class EfiCall
{
    private const int MaximumTable = 4096;
    private const int UndefinedVector = 6;
    private const int GateSize = 16;
    private const ulong InterruptGate = 0x8E00; // present, DPL 0, interrupt gate (Intel SDM vol 3 §6.14.1)

    private static Table s_table;

    private struct Table
    {
        public fixed byte Bytes[MaximumTable];
    }

    /// <summary>Makes the call.</summary>
    /// <returns>False when the instruction was undefined.</returns>
    public static bool Make(CallRegisters* registers, bool vmcall)
    {
        DescriptorTableRegister firmware;
        Instructions.StoreIdt(&firmware);
        int size = firmware.Limit + 1;
        if (size > MaximumTable || size < (UndefinedVector + 1) * GateSize)
        {
            return false;
        }

        fixed (byte* table = s_table.Bytes)
        {
            for (int i = 0; i < size; i++)
            {
                table[i] = ((byte*)firmware.Base)[i];
            }

            ulong* addresses = stackalloc ulong[CallStubs.AddressCount];
            CallStubs.Addresses(addresses);
            ulong handler = addresses[CallStubs.UndefinedHandler];
            ulong* gate = (ulong*)(table + (UndefinedVector * GateSize));
            gate[0] = (handler & 0xFFFF) | ((ulong)Instructions.ReadSelector(SegmentName.Cs) << 16) | (InterruptGate << 32) | (((handler >> 16) & 0xFFFF) << 48);
            gate[1] = handler >> 32;
            DescriptorTableRegister own = new() { Limit = firmware.Limit, Base = (ulong)table };
            return CallStubs.CallFirmware(registers, vmcall ? 1u : 0, &own, &firmware) != 0;
        }
    }
}
