export const examples = [
  {
    name: 'Review',
    text: 'The room was clean and the view over the harbour was beautiful. Breakfast was a disappointment: cold eggs and weak coffee. Check-in is from three to ten. I would gladly come back!',
  },
  {
    name: 'Complaint',
    text: 'I ordered this lamp three weeks ago and it arrived broken. Nobody answers my emails. The invoice number is 4711. I am really disappointed and I want my money back.',
  },
  {
    name: 'Thanks',
    text: 'Thank you so much for yesterday! The children still talk about the magician. It was the best birthday party we have ever had.',
  },
  {
    name: 'Notice',
    text: 'The library opens at nine on weekdays. Please bring your card. On Saturday the entrance is at the back of the building.',
  },
] as const;
