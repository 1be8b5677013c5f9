using Hypervisor.Core.Cpu;
using Hypervisor.Guests.Probe.Layout;

namespace Hypervisor.Guests.Probe.Execution;

/// <summary>The probe's GDT, IDT and TSS, and the firmware's to come back to.</summary>
public static unsafe class ProcessorTables
{
    private const int IdtOffset = 0;
    private const int GdtOffset = 0x1000;
    private const int TssOffset = 0x1100;
    private const int FirmwareOffset = 0x1200;
    private const int Pages = 2;
    private const int InterruptStackPages = 2;
    private const int GateSize = 16;
    private const int TssSize = 104;
    private const int TssRsp0 = 4;
    private const int TssStack1 = 36;
    private const int TssStack2 = 44;
    private const int TssIoMapBase = 102;

    // Descriptors as AMD APM vol 2 §4.8 has them; limits of 64-bit segments are ignored.
    private const ulong CodeDescriptor = 0x00AF_9B00_0000_FFFF;
    private const ulong DataDescriptor = 0x00CF_9300_0000_FFFF;
    private const ulong UserDataDescriptor = 0x00CF_F300_0000_FFFF;
    private const ulong UserCodeDescriptor = 0x00AF_FB00_0000_FFFF;
    private const ulong TaskStateType = 0x89UL << 40;
    private const ulong TaskStateTypeMask = 0x1FUL << 40;
    private const ulong BusyTaskState = 0x0BUL << 40;
    private const ulong BusyBit = 2UL << 40;
    private const ulong InterruptGate = 0x8E;
    private const ulong UserInterruptGate = 0xEE;
    private const int GateStackShift = 32;

    private static DescriptorTableRegister* s_firmwareGdt;
    private static DescriptorTableRegister* s_firmwareIdt;
    private static ushort s_code;
    private static ushort s_data;
    private static ushort s_task;
    private static byte* s_spare;

    /// <summary>Takes the processor over; interrupts are off from here on. False if there is no memory.</summary>
    public static bool Enter()
    {
        byte* pages = ProbeMemory.Allocate(Pages);
        byte* stack = ProbeMemory.Allocate(InterruptStackPages);
        s_spare = ProbeMemory.Allocate((2 * InterruptStackPages) + 1);
        if (pages == null || stack == null || s_spare == null)
        {
            return false;
        }

        Instructions.DisableInterrupts();
        s_firmwareGdt = (DescriptorTableRegister*)(pages + FirmwareOffset);
        s_firmwareIdt = s_firmwareGdt + 1;
        Instructions.StoreGdt(s_firmwareGdt);
        Instructions.StoreIdt(s_firmwareIdt);
        s_code = Instructions.ReadSelector(SegmentName.Cs);
        s_data = Instructions.ReadSelector(SegmentName.Ds);
        s_task = Instructions.ReadSelector(SegmentName.Tr);

        WriteTask(pages + TssOffset, (ulong)stack + (InterruptStackPages * ProbeMemory.PageSize));
        WriteSegments((ulong*)(pages + GdtOffset), (ulong)pages + TssOffset);
        WriteGates((ulong*)(pages + IdtOffset));
        DescriptorTableRegister* own = s_firmwareIdt + 1;
        own[0] = new DescriptorTableRegister { Limit = ProbeSelectors.TableSize - 1, Base = (ulong)pages + GdtOffset };
        own[1] = new DescriptorTableRegister { Limit = (ProbeVectors.Count * GateSize) - 1, Base = (ulong)pages + IdtOffset };
        Stubs.LoadTables(own, own + 1, ProbeSelectors.Code, ProbeSelectors.Data);
        Stubs.LoadTask(ProbeSelectors.TaskState);
        return true;
    }

    /// <summary>Loads the probe's TR again, behind code that had another.</summary>
    public static void ReloadTask()
    {
        DescriptorTableRegister* own = s_firmwareIdt + 1;
        *(ulong*)(own->Base + ProbeSelectors.TaskState) &= ~BusyBit;
        Stubs.LoadTask(ProbeSelectors.TaskState);
    }

    /// <summary>Gives the processor back to the firmware, interrupts on.</summary>
    public static void Leave()
    {
        Stubs.LoadTables(s_firmwareGdt, s_firmwareIdt, s_code, s_data);

        // LTR takes a TSS that is marked available. Where the firmware had none, the probe's stays: its memory does too.
        ulong* descriptor = (ulong*)(s_firmwareGdt->Base + s_task);
        if (s_task != 0 && s_task + 15 <= s_firmwareGdt->Limit && (*descriptor & TaskStateTypeMask) == BusyTaskState)
        {
            *descriptor &= ~BusyBit;
            Stubs.LoadTask(s_task);
        }

        Stubs.EnableInterrupts();
    }

    /// <summary>
    /// Gives all vectors stacks of their own, NMIs another than the rest (AMD APM vol 2 §8.9.4): snippets may then have any stack pointer. The vector that keeps theirs
    /// only ends the snippet by way of one that does not.
    /// </summary>
    public static void UseInterruptStacks()
    {
        DescriptorTableRegister* own = s_firmwareIdt + 1;
        byte* task = (byte*)own->Base - GdtOffset + TssOffset;
        *(ulong*)(task + TssStack1) = (ulong)s_spare + (InterruptStackPages * ProbeMemory.PageSize);
        *(ulong*)(task + TssStack2) = (ulong)s_spare + (2 * InterruptStackPages * ProbeMemory.PageSize);
        ulong* idt = (ulong*)own[1].Base;
        for (int vector = 0; vector < ProbeVectors.Count; vector++)
        {
            idt[2 * vector] |= (vector == ProbeVectors.Nmi ? 2UL : 1UL) << GateStackShift;
        }

        byte* end = s_spare + (2 * InterruptStackPages * ProbeMemory.PageSize);
        end[0] = 0xCD; // INT
        end[1] = ProbeVectors.Done;
        WriteGate(idt, ProbeVectors.OnOwnStack, (ulong)end, InterruptGate);
    }

    private static void WriteTask(byte* task, ulong stack)
    {
        *(ulong*)(task + TssRsp0) = stack;
        *(ushort*)(task + TssIoMapBase) = TssSize;
    }

    private static void WriteSegments(ulong* gdt, ulong task)
    {
        gdt[ProbeSelectors.Code / sizeof(ulong)] = CodeDescriptor;
        gdt[ProbeSelectors.Data / sizeof(ulong)] = DataDescriptor;
        gdt[ProbeSelectors.UserData / sizeof(ulong)] = UserDataDescriptor;
        gdt[ProbeSelectors.UserCode / sizeof(ulong)] = UserCodeDescriptor;
        ulong* descriptor = gdt + (ProbeSelectors.TaskState / sizeof(ulong));
        descriptor[0] = (TssSize - 1) | ((task & 0xFF_FFFF) << 16) | TaskStateType | ((task >> 24 & 0xFF) << 56);
        descriptor[1] = task >> 32;
    }

    /// <summary>Interrupt gates (AMD APM vol 2 §4.8.4): IF and TF are clear in the handler.</summary>
    private static void WriteGates(ulong* idt)
    {
        byte* entries = Stubs.Entries();
        for (int vector = 0; vector < ProbeVectors.Count; vector++)
        {
            ulong entry = (ulong)(entries + (vector * ProbeVectors.EntryStride));
            ulong type = vector == ProbeVectors.Done ? UserInterruptGate : InterruptGate;
            WriteGate(idt, vector, entry, type);
        }
    }

    private static void WriteGate(ulong* idt, int vector, ulong entry, ulong type)
    {
        idt[2 * vector] = (entry & 0xFFFF) | ((ulong)ProbeSelectors.Code << 16) | (type << 40) | ((entry >> 16 & 0xFFFF) << 48);
        idt[(2 * vector) + 1] = entry >> 32;
    }
}
