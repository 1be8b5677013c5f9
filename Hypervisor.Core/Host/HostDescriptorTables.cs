namespace Hypervisor.Core.Host;

/// <summary>The host's GDT, task state and IDT (AMD APM vol 2 §4.8, §8.9).</summary>
public static unsafe class HostDescriptorTables
{
    /// <summary>Entries of the interrupt descriptor table.</summary>
    public const int VectorCount = 256;

    private const ulong CodeDescriptor = 0x00AF_9B00_0000_FFFF;
    private const ulong DataDescriptor = 0x00CF_9300_0000_FFFF;
    private const ulong TaskStateAvailable = 0x0000_8900_0000_0000;
    private const ulong TaskStateBusy = 0x0000_0200_0000_0000;
    private const ulong InterruptGate = 0x8E00;
    private const int NmiVector = 2;
    private const int MachineCheckVector = 18;
    private const int EntryStride = 16;

    private enum InterruptStack : ulong
    {
        Fault = 1,
        Nmi = 2,
        MachineCheck = 3,
    }

    /// <summary>Fills GDT, task state and the registers that point to them and to the interrupt table.</summary>
    public static void Initialize(ProcessorData* processor, ulong idt)
    {
        ulong block = (ulong)processor - ProcessorBlock.Data;
        processor->TaskState.FaultStack = block + ProcessorBlock.FaultStackTop;
        processor->TaskState.NmiStack = block + ProcessorBlock.NmiStackTop;
        processor->TaskState.MachineCheckStack = block + ProcessorBlock.MachineCheckStackTop;
        processor->TaskState.IoMapBase = (ushort)sizeof(TaskStateSegment);

        ulong task = (ulong)&processor->TaskState;
        processor->Gdt[HostSelectors.Code / sizeof(ulong)] = CodeDescriptor;
        processor->Gdt[HostSelectors.Data / sizeof(ulong)] = DataDescriptor;
        processor->Gdt[HostSelectors.TaskState / sizeof(ulong)] = TaskDescriptor(task, (uint)sizeof(TaskStateSegment) - 1);
        processor->Gdt[(HostSelectors.TaskState / sizeof(ulong)) + 1] = task >> 32;
        processor->Gdtr.Base = (ulong)processor->Gdt;
        processor->Gdtr.Limit = (5 * sizeof(ulong)) - 1;
        processor->Idtr.Base = idt;
        processor->Idtr.Limit = (VectorCount * 16) - 1;
    }

    /// <summary>
    /// Makes the task state loadable once more: LTR marks its descriptor busy, and a busy one is #GP (AMD APM vol 3, LTR). A processor that has been
    /// reset comes in through LTR again.
    /// </summary>
    public static void ReleaseTask(ProcessorData* processor) => processor->Gdt[HostSelectors.TaskState / sizeof(ulong)] &= ~TaskStateBusy;

    /// <summary>Fills the interrupt descriptor table.</summary>
    /// <param name="idt">4 KiB.</param>
    /// <param name="entries">Where the entry code of vector 0 stands.</param>
    public static void WriteInterruptTable(ulong idt, ulong entries)
    {
        for (int vector = 0; vector < VectorCount; vector++)
        {
            InterruptStack stack = vector switch
            {
                NmiVector => InterruptStack.Nmi,
                MachineCheckVector => InterruptStack.MachineCheck,
                _ => InterruptStack.Fault,
            };
            ulong target = entries + (ulong)(vector * EntryStride);
            ulong* gate = (ulong*)(idt + (ulong)(vector * 16));
            gate[0] = (target & 0xFFFF) | ((ulong)HostSelectors.Code << 16) | ((ulong)stack << 32) | (InterruptGate << 32) | ((target >> 16 & 0xFFFF) << 48);
            gate[1] = target >> 32;
        }
    }

    private static ulong TaskDescriptor(ulong address, uint limit) =>
        TaskStateAvailable | (limit & 0xFFFF) | ((address & 0xFF_FFFF) << 16) | ((address >> 24 & 0xFF) << 56);
}
